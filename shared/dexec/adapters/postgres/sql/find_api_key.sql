SELECT k.*, l.limits
FROM api_keys k LEFT JOIN risk_limits l ON l.client_id = k.client_id
WHERE k.key_hash = %(key_hash)s
