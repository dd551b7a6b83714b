-- A line of a client that is due and has something to send, the longest due first: for a sender that has
-- just released one, since those of others that came meanwhile were refused. Endpoint by endpoint, of each the lines
-- of the hundred oldest orders that qualify: no line of an endpoint that rests or is disabled is read, and a backlog
-- is not read whole for each line that is sent.
SELECT l.hook_id, l.order_id, h.client_id
FROM webhooks h
JOIN api_keys k ON k.key_hash = h.key_hash AND k.revoked_at IS NULL
CROSS JOIN LATERAL (
    SELECT l.hook_id, l.order_id, l.due_at
    FROM webhook_lines l
    CROSS JOIN LATERAL (SELECT seq FROM orders WHERE id = l.order_id LIMIT 1) AS o
    WHERE (l.hook_id, l.order_id) >= (h.id, '')
        AND l.hook_id = h.id
        AND l.due_at <= %(now)s
        AND (l.lease_until IS NULL OR l.lease_until <= %(now)s)
        AND o.seq > l.sent_seq
    ORDER BY l.hook_id, l.order_id
    LIMIT 100
) AS l
WHERE h.client_id = %(client_id)s
    AND h.disabled_at IS NULL
    AND (h.rests_until IS NULL OR h.rests_until <= %(now)s)
ORDER BY l.due_at, l.order_id
LIMIT 1
