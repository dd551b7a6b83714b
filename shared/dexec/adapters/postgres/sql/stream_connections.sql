-- A client's stream connections, which hear of all of its orders; order_watchers.sql names those of one order.
SELECT c.connection_id, c.connected_at, c.push_failures
FROM connections c
JOIN api_keys k ON k.key_hash = c.key_hash AND k.revoked_at IS NULL
WHERE c.client_id = %(client_id)s AND c.stream
