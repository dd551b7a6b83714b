-- The events of an order since it last became open, or all.
SELECT * FROM order_events
WHERE order_id = %(id)s
    AND seq >= coalesce((SELECT max(seq) FROM order_events WHERE order_id = %(id)s AND status = 'open'), 0)
ORDER BY seq
