-- The watchers to notify of the events of orders and of their exits, as order_watchers.sql finds those of one.
WITH concerned AS (
    SELECT o.id, o.client_id FROM orders o WHERE o.id = ANY(%(order_ids)b::text[])
    UNION
    SELECT e.id, e.client_id FROM orders o JOIN orders e ON e.id = o.exit_id
    WHERE o.id = ANY(%(order_ids)b::text[])
)
SELECT o.id AS order_id, c.connection_id, c.connected_at, c.push_failures
FROM concerned o
JOIN watchers w ON w.order_id = o.id
JOIN connections c ON c.connection_id = w.connection_id
JOIN api_keys k ON k.key_hash = c.key_hash AND k.revoked_at IS NULL
UNION
SELECT o.id, c.connection_id, c.connected_at, c.push_failures
FROM concerned o
JOIN connections c ON c.client_id = o.client_id AND c.stream
JOIN api_keys k ON k.key_hash = c.key_hash AND k.revoked_at IS NULL
