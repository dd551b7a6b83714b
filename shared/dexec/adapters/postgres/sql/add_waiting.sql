-- The rows of an order that waits, where the order is as it was written in the same transaction: where another won,
-- its seq may be the same, but neither what it made of the order nor the time. A trail's key is minus the slot
-- since which its ticks count; a held one's counts from when it opens. Found by its id: by outcome, PostgreSQL may
-- read all that rest.
WITH written AS MATERIALIZED (
    SELECT * FROM orders WHERE id = %(id)s
)
INSERT INTO waiting (order_id, part, client_id, pair, book, price_group, key, at, version)
SELECT o.id, w.part, o.client_id, %(pair)s, %(book)s, w.price_group,
    CASE WHEN starts_with(w.price_group, 'trail ') THEN coalesce(-o.since, w.key) ELSE w.key END, w.at, o.seq
FROM written o
CROSS JOIN unnest(
    %(parts)b::text[], %(groups)b::text[], %(keys)b::bigint[], %(times)b::timestamptz[]
) AS w (part, price_group, key, at)
WHERE o.seq = %(seq)s AND o.outcome = 'resting' AND o.updated_at = %(updated_at)s
ON CONFLICT (order_id, part) DO NOTHING
