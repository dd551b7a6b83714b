-- The newest tick of each book, and, of books whose highest price is wanted, all after a slot. OFFSET 0 has PostgreSQL
-- look at book after book: for the order of all at once it may read every tick.
SELECT t.pair, t.slot, t.at, t.reference, t.mid
FROM unnest(%(pairs)b::text[], %(slots)b::bigint[]) AS w (pair, slot)
CROSS JOIN LATERAL (
    SELECT pair, slot, at, reference, mid FROM ticks
    WHERE ticks.pair = w.pair
        AND ticks.slot > LEAST(w.slot, (SELECT max(newest.slot) FROM ticks newest WHERE newest.pair = w.pair) - 1)
    OFFSET 0
) AS t
ORDER BY t.pair, t.slot
