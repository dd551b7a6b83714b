-- Orders that have ended and have watchers to notify. Round robin over clients, each with its oldest first, so
-- that one client's thousands do not delay another's one. Connections that have just failed are skipped.
-- Each watcher's connection and order is found by its id: joined at large, PostgreSQL may read all that ever ended.
WITH watched AS MATERIALIZED (
    SELECT DISTINCT w.order_id
    FROM watchers w
    WHERE w.connection_id <> ALL(%(skipped)b::text[])
        AND (
            SELECT c.connection_id
            FROM connections c JOIN api_keys k ON k.key_hash = c.key_hash AND k.revoked_at IS NULL
            WHERE c.connection_id = w.connection_id
            LIMIT 1
        ) IS NOT NULL
),
undelivered AS (
    SELECT o.id, o.updated_at,
        row_number() OVER (PARTITION BY o.client_id ORDER BY o.updated_at, o.id) AS turn
    FROM watched
    CROSS JOIN LATERAL (
        SELECT id, client_id, status, updated_at FROM orders WHERE id = watched.order_id LIMIT 1
    ) AS o
    WHERE o.status IN ('confirmed', 'failed', 'cancelled', 'expired') AND o.updated_at <= %(before)s
    ORDER BY turn, o.updated_at, o.id
    LIMIT %(limit)s
)
SELECT o.*
FROM undelivered
CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = undelivered.id LIMIT 1) AS o
ORDER BY undelivered.turn, undelivered.updated_at, undelivered.id
