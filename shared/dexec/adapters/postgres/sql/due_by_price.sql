-- Rows that reach the bound of their group, with their orders: for each bound one range of an index. Of what is
-- found clients come in turn. Nothing of clients that may not trade: a book that is halted as a whole
-- is not read at all.
WITH due AS (
    SELECT d.*, b.place, b.most,
        row_number() OVER (PARTITION BY b.place, d.client_id ORDER BY d.key DESC, d.id) AS turn
    FROM unnest(
        %(books)b::text[], %(groups)b::text[], %(keys)b::bigint[], %(befores)b::bigint[], %(most)b::bigint[]
    ) WITH ORDINALITY AS b (book, price_group, key, before, most, place)
    CROSS JOIN LATERAL (
        SELECT o.*, w.part, w.price_group, w.key, w.at, w.version
        FROM waiting w
        JOIN orders o ON o.id = w.order_id
        WHERE w.book = b.book AND w.price_group = b.price_group AND w.key >= b.key
            AND o.status = 'open'
            AND (b.before IS NULL OR o.since < b.before)
            AND NOT {{may_not_trade o}}
        ORDER BY w.key DESC
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
