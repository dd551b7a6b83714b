-- The routes that were decided for some orders, each order's last at the end.
SELECT * FROM order_events WHERE order_id = ANY(%(order_ids)b::text[]) AND step = 'quotes' ORDER BY seq
