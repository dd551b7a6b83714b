-- The oldest orders that ended before a time, with their events and watchers. An order's seq counts its
-- events, so the rows that go are known beforehand: Aurora DSQL changes 3,000 in a transaction at the most.
WITH oldest AS (
    SELECT id, seq, run_at FROM orders
    WHERE outcome IN ('confirmed', 'failed', 'cancelled', 'expired') AND run_at < %(before)s AND updated_at < %(before)s
    ORDER BY run_at, id
    LIMIT %(limit)s
),
counted AS (
    SELECT id, sum(seq + 1) OVER (ORDER BY run_at, id) - (seq + 1) AS rows_before FROM oldest
),
gone AS (
    DELETE FROM orders WHERE id IN (SELECT id FROM counted WHERE rows_before < %(most_rows)s) RETURNING id
),
events AS (
    DELETE FROM order_events WHERE order_id IN (SELECT id FROM gone)
),
undelivered AS (
    DELETE FROM watchers WHERE order_id IN (SELECT id FROM gone)
)
SELECT id FROM gone
