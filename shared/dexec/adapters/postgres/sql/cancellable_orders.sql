-- A client's orders that are not over, after a given one, oldest first: what is to be executed, and what rests,
-- each a range of orders_by_client_and_outcome. What ended and is not marked yet is passed over.
SELECT * FROM (
    (
        SELECT * FROM orders
        WHERE client_id = %(client_id)s AND outcome IS NULL AND id > %(after_id)s
            AND status IN ('triggered', 'pending', 'routing', 'building', 'submitted')
        ORDER BY outcome, id
        LIMIT %(limit)s
    )
    UNION ALL
    (
        SELECT * FROM orders
        WHERE client_id = %(client_id)s AND outcome = 'resting' AND id > %(after_id)s
        ORDER BY outcome, id
        LIMIT %(limit)s
    )
) AS active
ORDER BY id
LIMIT %(limit)s
