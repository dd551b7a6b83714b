-- By the list of their ids, beside the join: apply_changes.sql says why.
UPDATE waiting w
SET price_group = m.price_group, key = m.key, at = m.at
FROM unnest(
    %(ids)b::text[], %(parts)b::text[], %(versions)b::int[], %(groups)b::text[], %(keys)b::bigint[],
    %(times)b::timestamptz[]
) AS m (id, part, version, price_group, key, at)
WHERE w.order_id = ANY(%(ids)b::text[]) AND w.order_id = m.id AND w.part = m.part AND w.version = m.version
