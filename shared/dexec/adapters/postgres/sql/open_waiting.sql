-- The rows of an exit that has just been opened get their book, and a trail's its key: a statement of its own, so
-- that it sees what an amendment wrote that came just before.
UPDATE waiting
SET book = waiting.pair,
    version = o.seq,
    key = CASE WHEN starts_with(waiting.price_group, 'trail ') THEN -o.since ELSE waiting.key END
FROM orders o
WHERE waiting.order_id = %(id)s AND o.id = waiting.order_id AND o.status = 'open'
