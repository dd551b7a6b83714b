-- Rows whose time has come, with their orders, of the first 2,000 of each book; those of clients that may not trade
-- are passed over, but for what expires.
SELECT d.*
FROM unnest(%(books)b::text[]) AS b (book)
CROSS JOIN LATERAL (
    SELECT o.*, w.part, w.price_group, w.key, w.at, w.version
    FROM (
        SELECT * FROM {{what_waits due}}
        WHERE due.book = b.book AND due.at <= %(now)s AND (due.part = 'expiry' OR NOT {{may_not_trade due}})
        ORDER BY due.at
        LIMIT 2000
    ) AS w
    CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = w.order_id LIMIT 1) AS o
    WHERE o.status = 'open'
    ORDER BY w.at
    LIMIT 500
) AS d
ORDER BY d.at, d.id
LIMIT 500
