UPDATE orders SET lease_token = NULL, lease_until = NULL, run_at = %(run_at)s
WHERE id = %(id)s AND lease_token = %(token)s
RETURNING id
