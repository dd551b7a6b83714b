-- The slot since which ticks count for the oldest trail of each book: the key is minus that slot. A trail that is
-- executed has no row, and may rest again.
SELECT book, min(since) AS since FROM (
    SELECT b.book, -t.key AS since
    FROM unnest(%(books)b::text[], %(groups)b::text[]) AS b (book, price_group)
    CROSS JOIN LATERAL (
        SELECT w.key FROM waiting w
        WHERE w.book = b.book AND w.price_group = b.price_group
        ORDER BY w.key DESC
        LIMIT 1
    ) AS t
    UNION ALL
    SELECT concat(o.request::jsonb ->> 'tokenIn', '>', o.request::jsonb ->> 'tokenOut'), o.since
    FROM orders o
    WHERE o.outcome IS NULL AND o.waiting::jsonb -> 'terms' -> 'stop' ->> 'trailingBps' IS NOT NULL
) AS trails
WHERE book = ANY(%(loaded)b::text[])
GROUP BY book
