UPDATE shards SET judged = %(slot)s WHERE shard = %(shard)s AND token = %(token)s AND slot = %(slot)s
