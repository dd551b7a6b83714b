SELECT * FROM order_events WHERE order_id = %(id)s ORDER BY seq
