-- An order whose message could not be queued: failed, unless an executor has it already or its client
-- has asked for it again.
WITH moved AS (
    UPDATE orders
    SET status = 'failed', outcome = 'failed', seq = seq + 1, error = %(error)s, idempotency_key = NULL,
        updated_at = %(now)s
    WHERE id = %(id)s AND status = 'pending' AND queued_at = %(seen_queued_at)s
    RETURNING id, seq, attempt
)
INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)
SELECT id, seq, 'failed', NULL, attempt, %(detail)s, %(now)s FROM moved
RETURNING order_id
