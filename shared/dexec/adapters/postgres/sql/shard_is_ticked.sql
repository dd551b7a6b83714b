SELECT 1 FROM shards WHERE shard = %(shard)s AND token IS NOT NULL AND lease_until > %(now)s
