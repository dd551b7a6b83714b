-- Open, due, and without an event for too long, the longest first.
SELECT o.*,
    e.at AS event_at,
    e.step AS event_step,
    e.detail AS event_detail,
    NOT EXISTS (SELECT 1 FROM api_keys k WHERE k.client_id = o.client_id AND k.revoked_at IS NULL) AS keyless
FROM orders o JOIN order_events e ON e.order_id = o.id AND e.seq = o.seq
WHERE o.outcome IS NULL
    AND o.status IN ('pending', 'triggered', 'routing', 'building', 'submitted')
    AND o.run_at <= %(now)s
    AND e.at <= %(stale_before)s
    AND (o.status <> 'pending' OR o.run_at <= %(stale_before)s)
    AND (%(client_id)s::text IS NULL OR o.client_id = %(client_id)s)
ORDER BY e.at
LIMIT %(limit)s
