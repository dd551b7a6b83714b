-- Lines whose endpoint or order is gone, some of them: found once, as of drop_orphaned_watchers.sql.
WITH gone AS MATERIALIZED (
    SELECT l.hook_id, l.order_id FROM webhook_lines l
    WHERE (SELECT h.id FROM webhooks h WHERE h.id = l.hook_id LIMIT 1) IS NULL
        OR (SELECT o.id FROM orders o WHERE o.id = l.order_id LIMIT 1) IS NULL
    LIMIT %(limit)s
)
DELETE FROM webhook_lines l USING gone
WHERE l.hook_id = gone.hook_id AND l.order_id = gone.order_id
RETURNING l.order_id
