-- What one tick saw of the books of a shard, by the function that has its lease. Slots rise strictly.
WITH held AS (
    UPDATE shards
    SET slot = %(slot)s, ticked_at = %(at)s, venues = %(venues)s, lease_until = %(until)s
    WHERE shard = %(shard)s AND token = %(token)s AND slot < %(slot)s
    RETURNING slot, wanted
),
written AS (
    INSERT INTO ticks (pair, slot, at, reference, mid)
    SELECT t.pair, held.slot, %(at)s, t.reference, t.mid
    FROM held
    CROSS JOIN unnest(%(pairs)b::text[], %(references)b::text[], %(mids)b::text[]) AS t (pair, reference, mid)
    -- While the number of shards changes, two functions may tick a book.
    ON CONFLICT (pair, slot) DO NOTHING
)
SELECT wanted FROM held
