-- The limits of a client, or of all that have some.
SELECT client_id, limits FROM risk_limits WHERE client_id = %(client_id)s::text
UNION ALL
SELECT client_id, limits FROM risk_limits WHERE %(client_id)s::text IS NULL
ORDER BY client_id
