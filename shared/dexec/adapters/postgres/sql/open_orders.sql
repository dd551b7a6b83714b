-- How many orders are not over, by status.
SELECT status, count(*) AS orders FROM orders
WHERE outcome IS NULL
    AND status IN ('pending', 'routing', 'building', 'submitted')
    AND (%(client_id)s::text IS NULL OR client_id = %(client_id)s)
GROUP BY status
