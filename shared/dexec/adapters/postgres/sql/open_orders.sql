-- How many orders are not over, by status.
SELECT status, count(*) AS orders FROM (
    SELECT status, client_id FROM orders WHERE outcome IS NULL AND status IN ('pending', 'triggered', 'routing', 'building', 'submitted')
    UNION ALL
    SELECT status, client_id FROM orders WHERE outcome = 'resting'
) AS active
WHERE %(client_id)s::text IS NULL OR client_id = %(client_id)s
GROUP BY status
