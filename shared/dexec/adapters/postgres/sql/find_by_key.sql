SELECT * FROM orders WHERE client_id = %(client_id)s AND idempotency_key = %(idempotency_key)s
