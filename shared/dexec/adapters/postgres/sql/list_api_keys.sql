SELECT * FROM api_keys
WHERE %(client_id)s::text IS NULL OR client_id = %(client_id)s
ORDER BY client_id, created_at
