-- Due, with something to send, not leased, and without a message: the last one was queued before there was
-- something to send, or is over ten minutes old. Round robin over endpoints, each with its longest due first.
-- Endpoint by endpoint, and each line's order by its id: of one that rests or is disabled no line is read.
WITH due AS (
    SELECT l.hook_id, l.order_id, l.due_at,
        row_number() OVER (PARTITION BY l.hook_id ORDER BY l.due_at, l.order_id) AS turn
    FROM webhooks h
    JOIN api_keys k ON k.key_hash = h.key_hash AND k.revoked_at IS NULL
    JOIN webhook_lines l ON l.hook_id = h.id
    CROSS JOIN LATERAL (SELECT seq, updated_at FROM orders WHERE id = l.order_id LIMIT 1) AS o
    WHERE l.due_at <= %(due_before)s
        AND h.disabled_at IS NULL
        AND (h.rests_until IS NULL OR h.rests_until <= %(now)s)
        AND (l.lease_until IS NULL OR l.lease_until <= %(now)s)
        AND o.seq > l.sent_seq
        AND o.updated_at <= %(due_before)s
        AND (l.queued_at < o.updated_at OR l.queued_at < l.due_at OR l.queued_at <= %(stale_before)s)
    ORDER BY turn, l.due_at, l.order_id
    LIMIT %(limit)s
)
UPDATE webhook_lines l SET queued_at = %(now)s
FROM due WHERE l.hook_id = due.hook_id AND l.order_id = due.order_id
RETURNING l.hook_id, l.order_id, l.client_id
