-- Open orders of a client that have no signature, oldest first.
SELECT id FROM orders
WHERE client_id = %(client_id)s
    AND outcome IS NULL
    AND status IN ('pending', 'routing', 'building')
ORDER BY outcome, id
LIMIT %(limit)s
