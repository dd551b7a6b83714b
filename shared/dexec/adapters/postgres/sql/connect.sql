-- No row comes back when the client has as many connections, or as many streams, as it may.
-- Those that open at the same moment do not see each other: a client may exceed its limit by as many.
INSERT INTO connections (connection_id, client_id, key_hash, stream, push_failures, connected_at)
SELECT %(connection_id)s, %(client_id)s, %(key_hash)s, %(stream)s, 0, %(connected_at)s
WHERE %(max_connections)s > (
        SELECT count(*) FROM connections
        WHERE client_id = %(client_id)s AND connection_id <> %(connection_id)s
    )
    AND (NOT %(stream)s OR %(max_streams)s > (
        SELECT count(*) FROM connections
        WHERE client_id = %(client_id)s AND stream AND connection_id <> %(connection_id)s
    ))
ON CONFLICT (connection_id) DO UPDATE SET connected_at = excluded.connected_at
RETURNING connection_id
