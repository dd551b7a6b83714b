-- Who watches an order, stream connections only where they missed its end.
SELECT c.connection_id, c.connected_at, c.push_failures
FROM connections c
JOIN api_keys k ON k.key_hash = c.key_hash AND k.revoked_at IS NULL
WHERE c.connection_id = ANY(ARRAY(SELECT w.connection_id FROM watchers w WHERE w.order_id = %(id)s))
