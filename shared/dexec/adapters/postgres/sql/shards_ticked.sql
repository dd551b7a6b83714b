SELECT shard, ticked_at FROM shards WHERE ticked_at IS NOT NULL
