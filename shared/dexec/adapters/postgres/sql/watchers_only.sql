-- Who watches an order, stream connections only where they missed its end.
SELECT c.connection_id, c.connected_at, c.push_failures
FROM watchers w
JOIN connections c ON c.connection_id = w.connection_id
JOIN api_keys k ON k.key_hash = c.key_hash AND k.revoked_at IS NULL
WHERE w.order_id = %(id)s
