-- Lines whose endpoint or order is gone, some of them.
DELETE FROM webhook_lines WHERE (hook_id, order_id) IN (
    SELECT l.hook_id, l.order_id FROM webhook_lines l
    WHERE NOT EXISTS (SELECT 1 FROM webhooks h WHERE h.id = l.hook_id)
        OR NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = l.order_id)
    LIMIT %(limit)s
)
RETURNING order_id
