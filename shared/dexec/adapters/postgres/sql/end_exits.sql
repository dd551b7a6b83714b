-- The held exits of entries that have just ended unfilled: cancelled, in the transaction that ended these.
WITH ended AS (
    UPDATE orders o
    SET status = 'cancelled', outcome = 'cancelled', seq = o.seq + 1, error = %(error)s, updated_at = %(now)s
    FROM orders e
    WHERE e.id = ANY(%(ids)b::text[]) AND e.exit_id = o.id AND e.outcome IN ('failed', 'cancelled', 'expired')
        AND o.status = 'held'
    RETURNING o.id, o.seq, o.attempt
),
events AS (
    INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)
    SELECT id, seq, 'cancelled', NULL, attempt, %(detail)s, %(now)s FROM ended
)
DELETE FROM waiting w USING ended WHERE w.order_id = ended.id
