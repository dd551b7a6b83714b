SELECT * FROM orders
WHERE client_id = %(client_id)s AND id < %(before_id)s
ORDER BY id DESC
LIMIT %(limit)s
