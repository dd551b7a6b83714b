SELECT * FROM webhook_lines WHERE hook_id = %(hook_id)s AND order_id = %(order_id)s
