-- The slot since which ticks count for the oldest trail of each book: the key is minus that slot.
SELECT b.book, min(-t.key) AS since
FROM unnest(%(books)b::text[], %(groups)b::text[]) AS b (book, price_group)
CROSS JOIN LATERAL (
    SELECT w.key FROM waiting w
    WHERE w.book = b.book AND w.price_group = b.price_group
    ORDER BY w.key DESC
    LIMIT 1
) AS t
GROUP BY b.book
