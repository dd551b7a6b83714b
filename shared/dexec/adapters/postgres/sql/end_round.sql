UPDATE orders
SET lease_token = NULL, lease_until = NULL, run_at = %(now)s, rounds = %(rounds)s,
    parked_at = CASE WHEN %(parks)s THEN %(now)s ELSE NULL END
WHERE id = %(id)s AND lease_token = %(token)s
