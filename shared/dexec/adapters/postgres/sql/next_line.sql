-- A line of a client that is due and has something to send, the longest due first: for a sender that has
-- just released one, since those of others that came meanwhile were refused.
SELECT l.hook_id, l.order_id, l.client_id
FROM webhook_lines l
JOIN webhooks h ON h.id = l.hook_id
JOIN api_keys k ON k.key_hash = h.key_hash AND k.revoked_at IS NULL
JOIN orders o ON o.id = l.order_id
WHERE l.client_id = %(client_id)s
    AND l.due_at <= %(now)s
    AND (l.lease_until IS NULL OR l.lease_until <= %(now)s)
    AND h.disabled_at IS NULL
    AND (h.rests_until IS NULL OR h.rests_until <= %(now)s)
    AND o.seq > l.sent_seq
ORDER BY l.due_at, l.order_id
LIMIT 1
