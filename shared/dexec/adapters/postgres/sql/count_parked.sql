SELECT count(*) AS parked FROM orders
WHERE status IN ('pending', 'routing', 'building', 'submitted') AND parked_at IS NOT NULL
