-- A line whose endpoint rests is due when that ends: no message goes round for it until then.
UPDATE webhook_lines l SET due_at = h.rests_until
FROM webhooks h
WHERE l.hook_id = %(hook_id)s AND l.order_id = %(order_id)s AND h.id = l.hook_id
    AND h.rests_until > %(now)s AND l.due_at < h.rests_until
    AND (l.lease_until IS NULL OR l.lease_until <= %(now)s)
