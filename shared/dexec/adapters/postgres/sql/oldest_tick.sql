-- When the shard was ticked that was not for longest.
SELECT min(ticked_at) AS at FROM shards WHERE slot > 0
