SELECT * FROM orders WHERE id = %(id)s AND client_id = %(client_id)s
