-- An order whose message could not be queued: failed, unless an executor has it already.
WITH moved AS (
    UPDATE orders
    SET status = 'failed', seq = seq + 1, error = %(error)s, idempotency_key = NULL, updated_at = %(now)s
    WHERE id = %(id)s AND status = 'pending'
    RETURNING id, seq, attempt
)
INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)
SELECT id, seq, 'failed', NULL, attempt, %(detail)s, %(now)s FROM moved
RETURNING order_id
