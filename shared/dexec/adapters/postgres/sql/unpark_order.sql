UPDATE orders SET parked_at = NULL, rounds = NULL, queued_at = %(now)s
WHERE id = %(id)s AND parked_at IS NOT NULL AND status NOT IN ('confirmed', 'failed', 'cancelled', 'expired')
RETURNING id
