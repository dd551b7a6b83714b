-- What a client wants instead of a waiting order, with its event and its rows, if the order is still as its client
-- saw it. One statement: rows that are written after another's transition would belong to nothing.
-- "restarts": from now on only ticks after the newest one count. It takes a place in the rate of what waits (GCRA),
-- if there is one now: with none, nothing is written, nor while trading is halted.
WITH seen AS (
    SELECT id FROM orders
    WHERE id = %(id)s AND seq = %(seen_seq)s
        AND NOT EXISTS (SELECT 1 FROM switches s WHERE s.name <> 'paused' AND {{holds orders}})
),
place AS (
    INSERT INTO rate_limits AS r (client_id, tat)
    SELECT %(rate_id)s, %(now)s + %(interval)s FROM seen WHERE %(limited)s
    ON CONFLICT (client_id) DO UPDATE SET tat = GREATEST(r.tat, %(now)s) + %(interval)s
    WHERE GREATEST(r.tat, %(now)s) + %(interval)s <= %(now)s + %(tolerance)s
    RETURNING tat
),
moved AS (
    UPDATE orders
    SET request = %(request)s,
        waiting = %(waiting)s,
        since = CASE
            WHEN %(restarts)s THEN coalesce((SELECT max(slot) FROM shards), 0)
            ELSE since
        END,
        expires_at = %(expires_at)s,
        seq = %(seq)s,
        updated_at = GREATEST(updated_at, %(now)s)
    WHERE id = %(id)s AND seq = %(seen_seq)s
        AND EXISTS (SELECT 1 FROM seen)
        AND (NOT %(limited)s OR EXISTS (SELECT 1 FROM place))
    RETURNING id, client_id, seq, status, attempt, since, updated_at
),
event AS (
    INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)
    SELECT id, seq, status, %(step)s, attempt, %(detail)s, updated_at FROM moved
),
dropped AS (
    DELETE FROM waiting
    WHERE order_id = %(id)s AND EXISTS (SELECT 1 FROM moved) AND part <> ALL(%(parts)b::text[])
),
kept AS (
    INSERT INTO waiting AS kept (order_id, part, client_id, pair, book, price_group, key, at, version)
    SELECT moved.id, w.part, moved.client_id, %(pair)s, %(book)s, w.price_group,
        CASE WHEN starts_with(w.price_group, 'trail ') THEN coalesce(-moved.since, w.key) ELSE w.key END, w.at, moved.seq
    FROM moved
    CROSS JOIN unnest(
        %(parts)b::text[], %(groups)b::text[], %(keys)b::bigint[], %(times)b::timestamptz[]
    ) AS w (part, price_group, key, at)
    ON CONFLICT (order_id, part) DO UPDATE
    SET book = excluded.book, price_group = excluded.price_group, key = excluded.key, at = excluded.at,
        version = excluded.version
)
SELECT id, updated_at FROM moved
