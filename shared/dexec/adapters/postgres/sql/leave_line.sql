UPDATE webhook_lines SET lease_token = NULL, lease_until = NULL, sent_seq = %(sent_seq)s
WHERE hook_id = %(hook_id)s AND order_id = %(order_id)s AND lease_token = %(token)s
