-- Ticks of a book that neither a trail nor a chart needs, some at a time.
DELETE FROM ticks
WHERE pair = %(pair)s AND slot = ANY(ARRAY(
    SELECT slot FROM ticks
    WHERE pair = %(pair)s AND at < %(before)s AND slot <> ALL(%(kept)b::bigint[])
    ORDER BY slot
    LIMIT 1000
))
RETURNING slot
