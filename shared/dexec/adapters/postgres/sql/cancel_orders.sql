-- End orders that have no signature. Whoever writes first, this or an order's executor, wins on its row.
WITH moved AS (
    UPDATE orders
    SET status = 'failed',
        outcome = 'failed',
        seq = seq + 1,
        error = %(error)s,
        lease_token = NULL,
        lease_until = NULL,
        updated_at = GREATEST(updated_at, %(now)s)
    WHERE id = ANY(%(order_ids)b::text[]) AND status IN ('pending', 'routing', 'building')
    RETURNING id, seq, attempt, updated_at
)
INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)
SELECT id, seq, 'failed', NULL, attempt, %(detail)s, updated_at FROM moved
RETURNING order_id
