SELECT count(*) AS parked FROM orders
WHERE outcome IS NULL
    AND status IN ('pending', 'triggered', 'routing', 'building', 'submitted')
    AND parked_at IS NOT NULL
