-- The order is found by its id, as of find_order.sql.
INSERT INTO watchers (order_id, connection_id)
SELECT %(id)s, c.connection_id
FROM connections c
WHERE c.connection_id = %(connection_id)s AND c.client_id = %(client_id)s
    AND c.client_id = (SELECT o.client_id FROM orders o WHERE o.id = %(id)s)
ON CONFLICT (order_id, connection_id) DO NOTHING
