SELECT l.*, h.disabled_at, h.rests_until
FROM webhook_lines l JOIN webhooks h ON h.id = l.hook_id
WHERE l.hook_id = %(hook_id)s AND l.order_id = %(order_id)s
