-- The last events of an order.
SELECT * FROM (
    SELECT * FROM order_events WHERE order_id = %(id)s ORDER BY seq DESC LIMIT %(most)s
) AS last
ORDER BY seq
