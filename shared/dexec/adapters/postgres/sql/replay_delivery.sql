-- The line of the order begins again before this event. Its lease is taken: who sends right now could move the
-- line past the event otherwise. What was delivered after it is recorded as that, and not sent again. The line is
-- locked before the delivery, as record_try.sql does.
WITH begun AS (
    INSERT INTO webhook_lines AS l (hook_id, order_id, client_id, sent_seq, failures, due_at, queued_at)
    SELECT d.hook_id, d.order_id, h.client_id, d.seq - 1, 0, %(now)s, %(now)s
    FROM webhook_deliveries d JOIN webhooks h ON h.id = d.hook_id
    WHERE d.hook_id = %(hook_id)s AND d.order_id = %(order_id)s AND d.seq = %(seq)s
        AND EXISTS (SELECT 1 FROM orders WHERE id = %(order_id)s)
    ON CONFLICT (hook_id, order_id) DO UPDATE
    SET sent_seq = LEAST(l.sent_seq, excluded.sent_seq), failures = 0, due_at = %(now)s, queued_at = %(now)s,
        lease_token = NULL, lease_until = NULL
    RETURNING hook_id, order_id
)
UPDATE webhook_deliveries d SET state = 'queued'
FROM begun
WHERE d.hook_id = begun.hook_id AND d.order_id = begun.order_id AND d.seq = %(seq)s
RETURNING d.order_id
