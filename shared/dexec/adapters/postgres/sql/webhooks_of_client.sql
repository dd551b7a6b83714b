SELECT * FROM webhooks WHERE client_id = %(client_id)s ORDER BY created_at, id
