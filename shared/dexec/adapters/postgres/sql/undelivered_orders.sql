-- Orders that have ended and have watchers to notify. Round robin over clients, each with its oldest first, so
-- that one client's thousands do not delay another's one. Connections that have just failed are skipped.
WITH undelivered AS (
    SELECT o.id, o.updated_at,
        row_number() OVER (PARTITION BY o.client_id ORDER BY o.updated_at, o.id) AS turn
    FROM orders o
    WHERE o.status IN ('confirmed', 'failed', 'cancelled', 'expired')
        AND o.updated_at <= %(before)s
        AND o.id IN (
            SELECT w.order_id
            FROM watchers w
            JOIN connections c ON c.connection_id = w.connection_id
            JOIN api_keys k ON k.key_hash = c.key_hash AND k.revoked_at IS NULL
            WHERE c.connection_id <> ALL(%(skipped)b::text[])
        )
    ORDER BY turn, o.updated_at, o.id
    LIMIT %(limit)s
)
SELECT o.* FROM undelivered JOIN orders o ON o.id = undelivered.id
ORDER BY undelivered.turn, undelivered.updated_at, undelivered.id
