-- A tick that was never judged and is too old to be. Its slot stays used.
WITH held AS (
    UPDATE shards SET judged = slot
    WHERE shard = %(shard)s AND token = %(token)s AND slot = %(slot)s AND judged < slot
    RETURNING slot
)
DELETE FROM ticks USING held WHERE ticks.pair = ANY(%(pairs)b::text[]) AND ticks.slot = held.slot
