-- End orders that have no signature, of one client or of any. Whoever writes first, this or an order's executor,
-- wins on its row. On one that is submitted the wish is noted, in the same look at its row: the statement that
-- takes it out of submitted unfilled reads it. Its seq stays, so its executor goes on.
WITH moved AS (
    UPDATE orders
    SET status = CASE WHEN status = 'submitted' THEN status ELSE %(status)s::text END,
        outcome = CASE WHEN status = 'submitted' THEN outcome ELSE %(status)s::text END,
        seq = CASE WHEN status = 'submitted' THEN seq ELSE seq + 1 END,
        error = CASE WHEN status = 'submitted' THEN error ELSE %(error)s::text END,
        lease_token = CASE WHEN status = 'submitted' THEN lease_token END,
        lease_until = CASE WHEN status = 'submitted' THEN lease_until END,
        cancelled_by = CASE WHEN status = 'submitted' THEN coalesce(cancelled_by, %(by)s::text) END,
        updated_at = CASE WHEN status = 'submitted' THEN updated_at ELSE GREATEST(updated_at, %(now)s::timestamptz) END
    WHERE id = ANY(%(order_ids)b::text[])
        AND (%(client_id)s::text IS NULL OR client_id = %(client_id)s::text)
        AND (status IN ('held', 'open', 'triggered', 'pending', 'routing', 'building')
            OR (status = 'submitted' AND %(by)s::text IS NOT NULL))
    RETURNING *
),
event AS (
    INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)
    SELECT id, seq, status, NULL, attempt, %(detail)s, updated_at FROM moved WHERE outcome IS NOT NULL
),
watching AS (
    {{streams_hear moved}}
)
SELECT * FROM moved
