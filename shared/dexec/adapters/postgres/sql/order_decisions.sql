-- The last route that was decided for each of some orders: one that waits may have been tried thousands of times.
SELECT e.*
FROM unnest(%(order_ids)b::text[]) AS o (id)
CROSS JOIN LATERAL (
    SELECT * FROM order_events
    WHERE order_events.order_id = o.id AND order_events.step = 'quotes'
    ORDER BY order_events.seq DESC
    LIMIT 1
) AS e
