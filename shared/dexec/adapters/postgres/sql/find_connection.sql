SELECT connection_id, client_id, key_hash, stream, connected_at
FROM connections WHERE connection_id = %(connection_id)s
