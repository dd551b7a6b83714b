UPDATE shards SET token = NULL, lease_until = NULL WHERE shard = %(shard)s AND token = %(token)s
