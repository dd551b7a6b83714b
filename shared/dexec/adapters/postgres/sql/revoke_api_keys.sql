UPDATE api_keys SET revoked_at = %(now)s
WHERE client_id = %(client_id)s AND revoked_at IS NULL
RETURNING key_hash
