-- Cancel the held exits of entries that have ended unfilled. It runs after what ended them, in the same
-- transaction, and before close_waiting.sql, which deletes the rows of the exits.
WITH moved AS (
    UPDATE orders
    SET status = 'cancelled',
        outcome = 'cancelled',
        seq = seq + 1,
        error = %(error)s,
        updated_at = GREATEST(updated_at, %(now)s)
    WHERE status = 'held' AND id = ANY(ARRAY(
        SELECT entry.exit_id FROM orders entry
        WHERE entry.id = ANY(%(entry_ids)b::text[]) AND entry.status IN ('failed', 'cancelled', 'expired')
    ))
    RETURNING *
),
event AS (
    INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)
    SELECT id, seq, status, NULL, attempt, %(detail)s, updated_at FROM moved
),
watching AS (
    {{streams_hear moved}}
)
SELECT * FROM moved
