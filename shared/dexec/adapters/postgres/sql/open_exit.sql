-- The held exit of an entry that is filled begins to wait, over what the entry bought: after the entry's end, in
-- the same transaction. Ticks up to the newest do not count for its stop, whichever shard saw it. The event has
-- amounts in whole tokens, of which "unit" is a base unit of what the exit buys.
WITH moved AS (
    UPDATE orders
    SET status = 'open',
        seq = seq + 1,
        request = (request::jsonb || jsonb_build_object('amount', %(amount)s::text))::text,
        since = coalesce((SELECT max(shards.slot) FROM shards), 0),
        updated_at = GREATEST(updated_at, %(now)s)
    WHERE id = %(id)s
        AND status = 'held'
        AND EXISTS (SELECT 1 FROM orders e WHERE e.id = %(entry_id)s AND e.status = 'confirmed')
    RETURNING id, seq, attempt, label, request, waiting, updated_at
)
INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)
SELECT id, seq, 'open', NULL, attempt,
    (request::jsonb || jsonb_build_object(
        'label', label, 'amount', %(shown)s::text, 'terms', waiting::jsonb -> 'terms'
    ) || CASE WHEN request::jsonb ->> 'minAmountOut' IS NULL THEN '{}' ELSE jsonb_build_object(
        'minAmountOut', ((request::jsonb ->> 'minAmountOut')::numeric * %(unit)s::numeric)::text
    ) END)::text,
    updated_at
FROM moved
