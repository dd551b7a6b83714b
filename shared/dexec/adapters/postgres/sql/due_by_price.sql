-- Rows that reach the bound of their group, with their orders. For each bound the index is followed step by step
-- from the greatest key down, so that a planner cannot choose to read, and sort, all that reach it; nor can it, each
-- row's order being one, choose to read all orders. Of what is found clients come in turn. At most 5,000 rows are
-- looked at, beside those of clients that may not trade, which are passed over (a book that is halted as a whole is
-- not read at all).
WITH due AS (
    SELECT d.*, b.place, b.most,
        row_number() OVER (PARTITION BY b.place, d.client_id ORDER BY d.key DESC, d.id) AS turn
    FROM unnest(
        %(books)b::text[], %(groups)b::text[], %(keys)b::bigint[], %(befores)b::bigint[], %(most)b::bigint[]
    ) WITH ORDINALITY AS b (book, price_group, key, before, most, place)
    CROSS JOIN LATERAL (
        WITH RECURSIVE reached AS (
            (
                SELECT w.order_id, w.client_id, w.part, w.price_group, w.key, w.at, w.version, 1 AS step
                FROM {{what_waits w}}
                WHERE w.book = b.book AND w.price_group = b.price_group AND w.key >= b.key
                    AND NOT {{may_not_trade w}}
                ORDER BY w.key DESC, w.order_id DESC
                LIMIT 1
            )
            UNION ALL
            SELECT further.*, reached.step + 1
            FROM reached
            CROSS JOIN LATERAL (
                SELECT w.order_id, w.client_id, w.part, w.price_group, w.key, w.at, w.version
                FROM {{what_waits w}}
                WHERE w.book = b.book AND w.price_group = b.price_group AND w.key >= b.key
                    AND NOT {{may_not_trade w}}
                    AND (w.key, w.order_id) < (reached.key, reached.order_id)
                ORDER BY w.key DESC, w.order_id DESC
                LIMIT 1
            ) AS further
            WHERE reached.step < 5000
        )
        SELECT o.*, w.part, w.price_group, w.key, w.at, w.version
        FROM reached w
        CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = w.order_id LIMIT 1) AS o
        WHERE o.status = 'open'
            AND (b.before IS NULL OR o.since < b.before)
        LIMIT 500
    ) AS d
    WHERE NOT EXISTS (
        SELECT 1 FROM switches s
        WHERE s.name IN ('paused', 'halted', 'reducing')
            AND (s.token_out IS NULL OR s.token_out <> split_part(b.book, '>', 2))
    )
),
ranked AS (
    SELECT due.*, row_number() OVER (PARTITION BY place ORDER BY turn, key DESC, id) AS rank FROM due
)
SELECT * FROM ranked WHERE rank <= most ORDER BY place, rank
