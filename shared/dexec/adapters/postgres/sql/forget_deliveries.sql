-- The oldest records: Aurora DSQL changes 3,000 rows in a transaction at the most.
DELETE FROM webhook_deliveries WHERE (hook_id, order_id, seq) IN (
    SELECT hook_id, order_id, seq FROM webhook_deliveries
    WHERE last_at < %(before)s
    ORDER BY last_at
    LIMIT %(limit)s
)
RETURNING seq
