-- The events of an order that follow one.
SELECT * FROM order_events WHERE order_id = %(id)s AND seq > %(after)s ORDER BY seq LIMIT %(most)s
