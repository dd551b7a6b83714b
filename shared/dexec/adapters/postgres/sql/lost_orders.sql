-- Open, due, unleased, not parked, and without a message: the queue is empty, or the order's is over ten minutes old.
-- While its client may not trade, only what a claim takes nevertheless: what is submitted, and what is to rest.
SELECT * FROM orders
WHERE outcome IS NULL
    AND status IN ('pending', 'triggered', 'routing', 'building', 'submitted')
    AND (lease_until IS NULL OR lease_until <= %(now)s)
    AND parked_at IS NULL
    AND run_at <= %(due_before)s
    AND queued_at <= %(due_before)s
    AND (status = 'submitted' OR waiting IS NOT NULL OR NOT {{may_not_trade orders}})
    AND (%(queue_is_empty)s OR (queued_at <= %(stale_before)s AND run_at <= %(stale_before)s))
ORDER BY run_at
LIMIT %(limit)s
