-- Take the lease of an order that is due and unleased. A pending or triggered order begins routing; one that was being
-- built when its executor died has no stored signature, so it goes back to routing too.
-- While its client may not trade, only what is submitted is taken, and what waits for its price, which then rests
-- again ("halted"). "abandoned" says that the last lease expired without having been released.
WITH seen AS (
    SELECT * FROM orders WHERE id = %(id)s
),
moved AS (
    UPDATE orders
    SET status = CASE WHEN seen.status IN ('pending', 'triggered', 'building') THEN 'routing' ELSE seen.status END,
        seq = seen.seq + CASE WHEN seen.status IN ('pending', 'triggered', 'building') THEN 1 ELSE 0 END,
        lease_token = %(token)s,
        lease_until = %(lease_until)s,
        updated_at = %(now)s
    FROM seen
    WHERE orders.id = %(id)s
        AND orders.id = seen.id
        AND orders.seq = seen.seq
        AND orders.status IN ('pending', 'triggered', 'routing', 'building', 'submitted')
        AND (orders.lease_until IS NULL OR orders.lease_until <= %(now)s OR orders.lease_token = %(token)s)
        AND orders.run_at <= %(now)s
        AND orders.parked_at IS NULL
        AND (orders.status = 'submitted' OR orders.waiting IS NOT NULL OR NOT {{may_not_trade orders}})
    RETURNING orders.*, seen.lease_token IS NOT NULL AND seen.lease_token <> %(token)s AS abandoned
),
event AS (
    INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)
    SELECT moved.id, moved.seq, moved.status, NULL, moved.attempt, '{}', %(now)s
    FROM moved JOIN seen ON seen.seq < moved.seq
)
SELECT moved.*,
    true AS claimed,
    moved.status <> 'submitted' AND {{may_not_trade moved}} AS halted,
    NULL AS held_by,
    NULL AS keyless,
    (SELECT l.limits FROM risk_limits l WHERE l.client_id = moved.client_id) AS limits
FROM moved
UNION ALL
SELECT seen.*,
    false,
    false,
    false,
    (SELECT s.name FROM switches s WHERE {{holds seen}} ORDER BY s.name <> 'paused', s.name LIMIT 1),
    NOT EXISTS (SELECT 1 FROM api_keys k WHERE k.client_id = seen.client_id AND k.revoked_at IS NULL),
    NULL
FROM seen WHERE NOT EXISTS (SELECT 1 FROM moved)
