SELECT * FROM webhooks WHERE id = %(hook_id)s
