SELECT client_id, limits FROM risk_limits
WHERE %(client_id)s::text IS NULL OR client_id = %(client_id)s
ORDER BY client_id
