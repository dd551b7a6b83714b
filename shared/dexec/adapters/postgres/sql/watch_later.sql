-- Those who missed the end of an order are notified later, stream connections too.
INSERT INTO watchers (order_id, connection_id)
SELECT missed.order_id, c.connection_id
FROM unnest(%(order_ids)b::text[], %(connection_ids)b::text[]) AS missed (order_id, connection_id)
CROSS JOIN LATERAL (SELECT connection_id FROM connections WHERE connection_id = missed.connection_id LIMIT 1) AS c
ON CONFLICT (order_id, connection_id) DO NOTHING
