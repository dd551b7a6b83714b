-- The watchers to notify of an order's events: those who watch it, and its client's stream connections.
SELECT c.connection_id, c.connected_at, c.push_failures
FROM connections c
JOIN api_keys k ON k.key_hash = c.key_hash AND k.revoked_at IS NULL
WHERE c.connection_id = ANY (ARRAY(
    SELECT w.connection_id FROM watchers w WHERE w.order_id = %(id)s
    UNION ALL
    SELECT s.connection_id FROM connections s
    WHERE s.stream AND s.client_id = (SELECT o.client_id FROM orders o WHERE o.id = %(id)s)
))
