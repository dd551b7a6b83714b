SELECT * FROM webhook_deliveries
WHERE hook_id = %(hook_id)s
ORDER BY order_id DESC, seq DESC
LIMIT %(limit)s
