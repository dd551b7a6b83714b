SELECT count(*) AS parked FROM orders
WHERE outcome IS NULL AND parked_at IS NOT NULL
