UPDATE shards SET lease_until = %(until)s WHERE shard = %(shard)s AND token = %(token)s
RETURNING wanted
