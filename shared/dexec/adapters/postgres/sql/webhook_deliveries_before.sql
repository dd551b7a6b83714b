SELECT * FROM webhook_deliveries
WHERE hook_id = %(hook_id)s AND (order_id, seq) < (%(before_id)s, %(before_seq)s)
ORDER BY order_id DESC, seq DESC
LIMIT %(limit)s
