INSERT INTO watchers (order_id, connection_id)
SELECT o.id, c.connection_id
FROM orders o JOIN connections c ON c.client_id = o.client_id
WHERE o.id = %(id)s AND o.client_id = %(client_id)s AND c.connection_id = %(connection_id)s
ON CONFLICT (order_id, connection_id) DO NOTHING
