-- The moves of the paper market's tape from a slot on.
SELECT id, slot, token, numerator, denominator
FROM paper.moves
WHERE slot >= %(since)s
ORDER BY slot, id
