-- The books in which something waits, and the groups of each, by one step along the index for each of them: to the
-- next group of the book, or else to the next book. A book without a group has only rows that are found by the time;
-- beside groups, these sort last (null), and are stepped over, however many there are.
WITH RECURSIVE found AS (
    (
        SELECT book, price_group FROM waiting
        WHERE book IS NOT NULL
        ORDER BY book, price_group
        LIMIT 1
    )
    UNION ALL
    SELECT later.book, later.price_group
    FROM found
    CROSS JOIN LATERAL (
        (
            SELECT w.book, w.price_group FROM waiting w
            WHERE w.book = found.book AND w.price_group > found.price_group
            ORDER BY w.book, w.price_group
            LIMIT 1
        )
        UNION ALL
        (
            SELECT w.book, w.price_group FROM waiting w
            WHERE w.book > found.book
            ORDER BY w.book, w.price_group
            LIMIT 1
        )
        ORDER BY book, price_group
        LIMIT 1
    ) AS later
)
SELECT book, price_group FROM found
