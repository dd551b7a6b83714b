-- The newest tick of one book, which every order that waits is judged by as it is placed: ticks_seen.sql is planned anew
-- for each list of books.
SELECT pair, slot, at, reference, mid FROM ticks WHERE pair = %(pair)s ORDER BY slot DESC LIMIT 1
