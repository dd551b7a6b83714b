-- order_history_open.sql says why it is ordered so.
SELECT * FROM (
    (
        SELECT * FROM orders
        WHERE client_id = %(client_id)s AND outcome IS NULL AND id < %(before_id)s
            AND status IN ('pending', 'triggered', 'routing', 'building', 'submitted')
        ORDER BY outcome DESC, id DESC
        LIMIT %(limit)s
    )
    UNION ALL
    (
        SELECT * FROM orders
        WHERE client_id = %(client_id)s AND outcome = 'resting' AND id < %(before_id)s
        ORDER BY outcome DESC, id DESC
        LIMIT %(limit)s
    )
) AS active
ORDER BY id DESC
LIMIT %(limit)s
