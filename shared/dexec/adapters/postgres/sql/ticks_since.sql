-- The ticks of a book from a time on.
SELECT slot, at, reference, mid FROM ticks WHERE pair = %(pair)s AND at >= %(start)s ORDER BY slot
