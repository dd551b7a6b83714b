-- Moves of the paper market's tape, each so many slots after the moment at which this runs. The slot is taken
-- here, by the database's clock, so that a statement that waits or is repeated is not late.
WITH moment AS (
    SELECT floor(extract(epoch FROM clock_timestamp() - %(genesis)s::timestamptz) * 1000)::bigint
        / %(slot_ms)s::bigint AS slot
)
INSERT INTO paper.moves (id, slot, token, numerator, denominator)
SELECT m.id, moment.slot + m.after, m.token, m.numerator, m.denominator
FROM moment
CROSS JOIN unnest(
    %(ids)s::text[], %(afters)s::bigint[], %(tokens)s::text[], %(numerators)s::bigint[], %(denominators)s::bigint[]
) AS m (id, after, token, numerator, denominator)
ON CONFLICT (id) DO NOTHING
