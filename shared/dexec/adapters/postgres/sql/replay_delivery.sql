-- The line of the order begins again before this event. Its lease is taken: who sends right now could move the
-- line past the event otherwise. What was delivered after it is recorded as that, and not sent again.
WITH queued AS (
    UPDATE webhook_deliveries SET state = 'queued'
    WHERE hook_id = %(hook_id)s AND order_id = %(order_id)s AND seq = %(seq)s
        AND EXISTS (SELECT 1 FROM orders WHERE id = %(order_id)s)
    RETURNING hook_id, order_id, seq
)
INSERT INTO webhook_lines AS l (hook_id, order_id, client_id, sent_seq, failures, due_at, queued_at)
SELECT queued.hook_id, queued.order_id, h.client_id, queued.seq - 1, 0, %(now)s, %(now)s
FROM queued JOIN webhooks h ON h.id = queued.hook_id
ON CONFLICT (hook_id, order_id) DO UPDATE
SET sent_seq = LEAST(l.sent_seq, excluded.sent_seq), failures = 0, due_at = %(now)s, queued_at = %(now)s,
    lease_token = NULL, lease_until = NULL
RETURNING order_id
