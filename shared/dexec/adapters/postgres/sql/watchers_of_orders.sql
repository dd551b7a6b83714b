-- The watchers to notify of the events of orders and of their exits, as order_watchers.sql finds those of one, order by
-- order: joined at large, PostgreSQL may read all that watch anything.
WITH concerned AS (
    SELECT o.id, o.client_id FROM orders o WHERE o.id = ANY(%(order_ids)b::text[])
    UNION
    SELECT e.id, e.client_id FROM orders e
    WHERE e.id = ANY(ARRAY(SELECT o.exit_id FROM orders o WHERE o.id = ANY(%(order_ids)b::text[])))
)
SELECT o.id AS order_id, c.connection_id, c.connected_at, c.push_failures
FROM concerned o
JOIN connections c ON c.connection_id = ANY(ARRAY(
    SELECT w.connection_id FROM watchers w WHERE w.order_id = o.id
    UNION ALL
    SELECT s.connection_id FROM connections s WHERE s.stream AND s.client_id = o.client_id
))
WHERE (
    SELECT k.key_hash FROM api_keys k WHERE k.key_hash = c.key_hash AND k.revoked_at IS NULL LIMIT 1
) IS NOT NULL
