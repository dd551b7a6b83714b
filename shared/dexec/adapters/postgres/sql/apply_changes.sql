-- Steps of orders that wait, each if its order is still as it was judged: triggered, expired, activated. What
-- does not wait any more loses its rows; those of a trail that begins to follow the price are written anew.
-- Nothing is triggered while its client may not trade. By the list of their ids, beside the join, PostgreSQL does not
-- choose to read all orders for it.
WITH moved AS (
    UPDATE orders o
    SET status = c.status,
        outcome = c.outcome,
        seq = c.seq,
        waiting = c.waiting,
        since = c.since,
        run_at = c.run_at,
        queued_at = c.queued_at,
        error = c.error,
        updated_at = c.at
    FROM unnest(
        %(ids)b::text[], %(seen_seqs)b::int[], %(statuses)b::text[], %(outcomes)b::text[], %(seqs)b::int[],
        %(waitings)b::text[], %(sinces)b::bigint[], %(runs)b::timestamptz[], %(queued)b::timestamptz[],
        %(errors)b::text[], %(times)b::timestamptz[], %(steps)b::text[], %(details)b::text[]
    ) AS c (id, seen_seq, status, outcome, seq, waiting, since, run_at, queued_at, error, at, step, detail)
    WHERE o.id = ANY(%(ids)b::text[]) AND o.id = c.id AND o.seq = c.seen_seq
        AND (c.status <> 'triggered' OR NOT {{may_not_trade o}})
    RETURNING o.id, o.client_id, o.seq, o.status, o.outcome, o.attempt, o.exit_id, c.at, c.step, c.detail
),
events AS (
    INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)
    SELECT id, seq, status, step, attempt, detail, at FROM moved
),
watching AS (
    {{streams_hear moved}}
),
over AS (
    DELETE FROM waiting w USING moved
    WHERE w.order_id = ANY(%(ids)b::text[]) AND w.order_id = moved.id AND moved.status <> 'open'
),
anew AS (
    UPDATE waiting w
    SET price_group = r.price_group, key = r.key, at = r.at, version = moved.seq
    FROM moved
    JOIN unnest(
        %(row_ids)b::text[], %(parts)b::text[], %(groups)b::text[], %(keys)b::bigint[], %(row_times)b::timestamptz[]
    ) AS r (id, part, price_group, key, at) ON r.id = moved.id
    WHERE w.order_id = ANY(%(row_ids)b::text[]) AND w.order_id = r.id AND w.part = r.part
)
SELECT id FROM moved
