-- Parked, the longest first.
SELECT o.*, e.at AS event_at, e.step AS event_step, e.detail AS event_detail, false AS keyless
FROM orders o JOIN order_events e ON e.order_id = o.id AND e.seq = o.seq
WHERE o.outcome IS NULL
    AND o.parked_at IS NOT NULL
    AND (%(client_id)s::text IS NULL OR o.client_id = %(client_id)s)
ORDER BY o.parked_at, o.id
LIMIT %(limit)s
