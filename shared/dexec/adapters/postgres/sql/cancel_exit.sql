-- The held exit of an entry that ended without a fill: after the entry's end, in the same transaction.
WITH moved AS (
    UPDATE orders
    SET status = 'cancelled',
        outcome = 'cancelled',
        seq = seq + 1,
        error = %(error)s,
        updated_at = GREATEST(updated_at, %(now)s)
    WHERE id = %(id)s
        AND status = 'held'
        AND EXISTS (
            SELECT 1 FROM orders e
            WHERE e.id = %(entry_id)s AND e.status IN ('failed', 'cancelled', 'expired')
        )
    RETURNING id, seq, attempt, updated_at
)
INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)
SELECT id, seq, 'cancelled', NULL, attempt, %(detail)s, updated_at FROM moved
