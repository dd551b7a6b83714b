SELECT 1 FROM shards WHERE shard = %(shard)s AND lease_until > %(now)s
