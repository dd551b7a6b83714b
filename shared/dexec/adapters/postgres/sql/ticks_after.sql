SELECT t.*
FROM unnest(%(pairs)b::text[]) AS b (pair)
CROSS JOIN LATERAL (
    SELECT pair, slot, at, reference, mid FROM ticks WHERE ticks.pair = b.pair AND ticks.slot > %(after)s
) AS t
ORDER BY t.slot
