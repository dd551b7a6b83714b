UPDATE orders SET queued_at = %(now)s
WHERE id = %(id)s AND queued_at = %(seen_queued_at)s AND status NOT IN ('confirmed', 'failed', 'cancelled', 'expired')
RETURNING id
