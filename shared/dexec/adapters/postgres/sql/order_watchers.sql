-- The watchers to notify of an order's events: those who watch it, and its client's stream connections.
SELECT c.connection_id, c.connected_at, c.push_failures
FROM watchers w
JOIN connections c ON c.connection_id = w.connection_id
JOIN api_keys k ON k.key_hash = c.key_hash AND k.revoked_at IS NULL
WHERE w.order_id = %(id)s
UNION
SELECT c.connection_id, c.connected_at, c.push_failures
FROM orders o
JOIN connections c ON c.client_id = o.client_id AND c.stream
JOIN api_keys k ON k.key_hash = c.key_hash AND k.revoked_at IS NULL
WHERE o.id = %(id)s
