-- Moves of the paper market's tape, each under its id once.
INSERT INTO paper.moves (id, slot, token, numerator, denominator)
SELECT m.id, m.slot, m.token, m.numerator, m.denominator
FROM unnest(
    %(ids)s::text[], %(slots)s::bigint[], %(tokens)s::text[], %(numerators)s::bigint[], %(denominators)s::bigint[]
) AS m (id, slot, token, numerator, denominator)
ON CONFLICT (id) DO NOTHING
