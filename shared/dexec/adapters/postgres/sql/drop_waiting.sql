-- The rows of orders that do not wait any more.
DELETE FROM waiting
WHERE order_id = ANY(%(order_ids)b::text[])
    AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = waiting.order_id AND o.outcome = 'resting')
