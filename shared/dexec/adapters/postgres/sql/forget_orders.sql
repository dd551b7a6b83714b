-- The oldest orders that ended before a time, with their events and watchers. An order's seq counts its
-- events, so the rows that go are known beforehand: Aurora DSQL changes 3,000 in a transaction at the most.
-- The oldest of each outcome are merged: of all outcomes at once, all that is old enough would be read.
-- Of an order with more events than fit, the oldest go first, and the order itself with the last of them.
WITH oldest AS (
    SELECT o.*
    FROM (VALUES ('confirmed'), ('failed'), ('cancelled'), ('expired')) AS ended (outcome)
    CROSS JOIN LATERAL (
        SELECT id, seq, run_at FROM orders
        WHERE orders.outcome = ended.outcome AND run_at < %(before)s AND updated_at < %(before)s
        ORDER BY run_at
        LIMIT %(limit)s
    ) AS o
    ORDER BY o.run_at, o.id
    LIMIT %(limit)s
),
counted AS (
    SELECT id, run_at, sum(seq + 1) OVER (ORDER BY run_at, id) - (seq + 1) AS rows_before FROM oldest
),
chosen AS (
    SELECT id, run_at FROM counted WHERE rows_before < %(most_rows)s
),
events AS (
    SELECT c.id, e.seq
    FROM chosen c
    CROSS JOIN LATERAL (
        SELECT seq FROM order_events WHERE order_id = c.id ORDER BY seq LIMIT %(most_events)s
    ) AS e
    ORDER BY c.run_at, c.id, e.seq
    LIMIT %(most_events)s
),
newest AS (
    SELECT id, max(seq) AS seq FROM events GROUP BY id
),
deleted AS (
    DELETE FROM order_events e USING newest n WHERE e.order_id = n.id AND e.seq <= n.seq RETURNING e.order_id
),
gone AS (
    DELETE FROM orders WHERE id IN (
        SELECT n.id FROM newest n
        WHERE NOT EXISTS (SELECT 1 FROM order_events e WHERE e.order_id = n.id AND e.seq > n.seq)
    )
    RETURNING id
),
undelivered AS (
    DELETE FROM watchers WHERE order_id = ANY(ARRAY(SELECT id FROM gone))
)
SELECT (SELECT count(*) FROM gone) AS orders, (SELECT count(*) FROM deleted) AS events
