-- Orders that are over and still have somebody to be told who can be told.
SELECT o.* FROM orders o
WHERE o.status IN ('confirmed', 'failed')
    AND o.updated_at <= %(before)s
    AND o.id IN (
        SELECT w.order_id
        FROM watchers w
        JOIN connections c ON c.connection_id = w.connection_id
        JOIN api_keys k ON k.key_hash = c.key_hash AND k.revoked_at IS NULL
    )
ORDER BY o.updated_at
LIMIT %(limit)s
