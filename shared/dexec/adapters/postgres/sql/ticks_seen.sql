-- The newest tick of each book, and, of books whose highest price is wanted, all after a slot.
SELECT t.pair, t.slot, t.at, t.reference, t.mid
FROM unnest(%(pairs)b::text[], %(slots)b::bigint[]) AS w (pair, slot)
JOIN ticks t ON t.pair = w.pair
    AND t.slot > LEAST(w.slot, (SELECT max(newest.slot) FROM ticks newest WHERE newest.pair = w.pair) - 1)
ORDER BY t.pair, t.slot
