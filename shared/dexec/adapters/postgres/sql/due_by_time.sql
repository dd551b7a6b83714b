-- Rows whose time has come, with their orders, of the first 2,000 of each book. Of clients that may not trade only
-- what expires.
SELECT d.*
FROM unnest(%(books)b::text[]) AS b (book)
CROSS JOIN LATERAL (
    SELECT o.*, w.part, w.price_group, w.key, w.at, w.version
    FROM (
        SELECT * FROM waiting
        WHERE waiting.book = b.book AND waiting.at <= %(now)s
        ORDER BY waiting.at
        LIMIT 2000
    ) AS w
    JOIN orders o ON o.id = w.order_id
    WHERE o.status = 'open'
        AND (w.part = 'expiry' OR NOT {{may_not_trade o}})
    ORDER BY w.at
    LIMIT 500
) AS d
ORDER BY d.at, d.id
LIMIT 500
