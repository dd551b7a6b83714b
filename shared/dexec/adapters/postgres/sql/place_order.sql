-- One statement accepts an order, to be executed or to wait: it resolves a repeated idempotency key, reserves the execution slot
-- (GCRA: tat is the theoretical arrival time), and writes the order, its first event, its watchers, and a
-- line for each endpoint of its client.
-- No row comes back when the client's backlog is full or its connection is not stored. A repeat notes that its message is sent again,
-- so that the order is not withdrawn meanwhile; "raced" says that the order moved on meanwhile, and
-- "spare_slot" that a slot was reserved although the same key was placed at the same moment.
-- What waits has a rate of its own; ticks up to the newest do not count for its stop, whichever shard saw it.
WITH known AS (
-- Bounded and ordered by the whole of their index; order_history_before.sql says why: of "client_id = … AND
-- idempotency_key = …" PostgreSQL may read all orders of a client with many.
    SELECT id FROM (
        SELECT id, client_id, idempotency_key FROM orders
        WHERE (client_id, idempotency_key) >= (%(client_id)s, %(idempotency_key)s)
        ORDER BY client_id, idempotency_key
        LIMIT 1
    ) AS first
    WHERE client_id = %(client_id)s AND idempotency_key = %(idempotency_key)s
),
repeated AS (
    UPDATE orders SET queued_at = %(now)s
    WHERE orders.id = (SELECT known.id FROM known) AND orders.status = 'pending' AND orders.request_hash = ANY(%(request_hashes)b::text[])
    RETURNING orders.*
),
listening AS (
    -- Who executes over a connection that is not stored would never hear of the order: nothing is placed. Nor is
    -- anything while trading is halted, or where more orders would rest than the client may have.
    SELECT 1 FROM (SELECT %(client_id)s::text AS client_id, %(request)s::text AS request) AS asked
    WHERE (%(watcher)s::text IS NULL
            OR EXISTS (SELECT 1 FROM connections WHERE connection_id = %(watcher)s AND client_id = %(client_id)s))
        AND NOT EXISTS (SELECT 1 FROM switches s WHERE s.name <> 'paused' AND {{holds asked}})
        AND (%(most_open)s::int IS NULL OR %(most_open)s >= %(adds)s + (
            SELECT count(*) FROM (
                SELECT 1 FROM orders
                WHERE {{rests orders}}
                ORDER BY client_id, outcome, id
                LIMIT %(most_open)s
            ) AS resting
        ))
    UNION ALL
    SELECT 1 FROM orders WHERE id = %(id)s
),
slot AS (
    INSERT INTO rate_limits AS r (client_id, tat)
    SELECT %(rate_id)s, %(now)s + %(interval)s
    WHERE %(limited)s AND NOT EXISTS (SELECT 1 FROM known) AND EXISTS (SELECT 1 FROM listening)
    ON CONFLICT (client_id) DO UPDATE SET tat = GREATEST(r.tat, %(now)s) + %(interval)s
    WHERE GREATEST(r.tat, %(now)s) + %(interval)s <= %(now)s + %(tolerance)s + %(max_backlog)s
    RETURNING tat
),
start AS (
    SELECT %(now)s
        + ceil(GREATEST(0, extract(epoch FROM tat - %(tolerance)s - %(now)s))) * interval '1 second' AS run_at
    FROM slot
    UNION ALL
    SELECT %(now)s
    WHERE NOT %(limited)s AND NOT EXISTS (SELECT 1 FROM known) AND EXISTS (SELECT 1 FROM listening)
),
hooked AS (
-- A webhook ends with the key that made it: who stole one gets nothing once it is revoked.
    SELECT h.id
    FROM webhooks h JOIN api_keys k ON k.key_hash = h.key_hash AND k.revoked_at IS NULL
    WHERE h.client_id = %(client_id)s AND h.disabled_at IS NULL
),
placed AS (
    INSERT INTO orders (
        id, client_id, label, request, status, seq, attempt, run_at, queued_at,
        idempotency_key, request_hash, created_at, updated_at, expires_at, hooks, outcome, waiting, exit_id, since
    )
    SELECT
        %(id)s, %(client_id)s, %(label)s, %(request)s, %(status)s, 1, 1, start.run_at, %(now)s,
        %(idempotency_key)s, %(request_hash)s, %(now)s, %(now)s, %(expires_at)s,
        (SELECT string_agg(hooked.id, ' ' ORDER BY hooked.id) FROM hooked), %(outcome)s, %(waiting)s, %(exit_id)s,
        CASE WHEN %(waiting)s::text IS NOT NULL THEN
            coalesce((SELECT max(shards.slot) FROM shards), 0)
        END
    FROM start
    ON CONFLICT (client_id, idempotency_key) DO UPDATE SET queued_at = excluded.queued_at
    RETURNING *
),
event AS (
    INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)
    SELECT id, 1, %(status)s, NULL, 1, %(detail)s, %(now)s FROM placed WHERE id = %(id)s
),
watching AS (
    INSERT INTO watchers (order_id, connection_id)
    SELECT placed.id, connections.connection_id
    FROM placed
    JOIN connections ON connections.client_id = placed.client_id
        AND (connections.stream OR connections.connection_id = %(watcher)s)
    WHERE placed.id = %(id)s
),
lines AS (
    INSERT INTO webhook_lines (hook_id, order_id, client_id, sent_seq, failures, due_at, queued_at)
    SELECT hooked.id, placed.id, placed.client_id, 0, 0, %(now)s, %(now)s
    FROM placed CROSS JOIN hooked
    WHERE placed.id = %(id)s
)
SELECT placed.*, false AS raced, %(limited)s AND placed.id <> %(id)s AS spare_slot FROM placed
UNION ALL
SELECT repeated.*, false, false FROM repeated
UNION ALL
SELECT orders.*, orders.status = 'pending' AND orders.request_hash = ANY(%(request_hashes)b::text[]), false
FROM orders
WHERE orders.id = (SELECT known.id FROM known) AND NOT EXISTS (SELECT 1 FROM repeated)
