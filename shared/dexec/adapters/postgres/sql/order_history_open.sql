-- Orders of any status that are not over, newest first: what is to be executed, and what rests, each a range of
-- orders_by_client_and_outcome. What ended and is not marked yet is passed over; order_history_open_by_status.sql
-- says why they are ordered so.
SELECT * FROM (
    (
        SELECT * FROM orders
        WHERE client_id = %(client_id)s AND outcome IS NULL
            AND status IN ('pending', 'triggered', 'routing', 'building', 'submitted')
        ORDER BY outcome DESC, id DESC
        LIMIT %(limit)s
    )
    UNION ALL
    (
        SELECT * FROM orders
        WHERE client_id = %(client_id)s AND outcome = 'resting'
        ORDER BY outcome DESC, id DESC
        LIMIT %(limit)s
    )
) AS active
ORDER BY id DESC
LIMIT %(limit)s
