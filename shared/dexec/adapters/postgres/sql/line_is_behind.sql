SELECT 1 AS is_behind
FROM webhook_lines l JOIN orders o ON o.id = l.order_id
WHERE l.hook_id = %(hook_id)s AND l.order_id = %(order_id)s AND o.seq > l.sent_seq
