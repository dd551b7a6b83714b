UPDATE webhook_lines
SET lease_token = NULL, lease_until = NULL, due_at = %(due_at)s, queued_at = %(queued_at)s
WHERE hook_id = %(hook_id)s AND order_id = %(order_id)s AND lease_token = %(token)s
