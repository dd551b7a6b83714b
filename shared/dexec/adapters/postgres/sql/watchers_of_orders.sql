-- The watchers to notify of some orders' events, as order_watchers finds them for one.
SELECT o.id AS order_id, c.connection_id, c.connected_at, c.push_failures
FROM unnest(%(ids)b::text[]) AS o (id)
JOIN watchers w ON w.order_id = o.id
JOIN connections c ON c.connection_id = w.connection_id
JOIN api_keys k ON k.key_hash = c.key_hash AND k.revoked_at IS NULL
UNION
SELECT o.id, c.connection_id, c.connected_at, c.push_failures
FROM orders o
JOIN connections c ON c.client_id = o.client_id AND c.stream
JOIN api_keys k ON k.key_hash = c.key_hash AND k.revoked_at IS NULL
WHERE o.id = ANY(%(ids)b::text[])
