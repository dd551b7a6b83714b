INSERT INTO connections (connection_id, client_id, key_hash, stream, push_failures, connected_at)
VALUES (%(connection_id)s, %(client_id)s, %(key_hash)s, %(stream)s, 0, %(connected_at)s)
ON CONFLICT (connection_id) DO UPDATE SET connected_at = excluded.connected_at
