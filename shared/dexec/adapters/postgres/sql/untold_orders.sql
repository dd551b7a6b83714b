-- Orders that are over and still have somebody to be told.
SELECT o.* FROM orders o
WHERE o.status IN ('confirmed', 'failed')
    AND o.updated_at <= %(before)s
    AND o.id IN (SELECT order_id FROM watchers)
ORDER BY o.updated_at
LIMIT %(limit)s
