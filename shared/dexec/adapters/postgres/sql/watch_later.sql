-- Those who missed the end of an order are notified later, stream connections too.
INSERT INTO watchers (order_id, connection_id)
SELECT %(id)s, connection_id FROM connections WHERE connection_id = ANY(%(connection_ids)s)
ON CONFLICT (order_id, connection_id) DO NOTHING
