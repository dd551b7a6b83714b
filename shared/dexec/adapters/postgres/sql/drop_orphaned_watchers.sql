-- Watchers whose connection is gone, some of them: Aurora DSQL changes 3,000 rows in a transaction at the most.
DELETE FROM watchers WHERE (order_id, connection_id) IN (
    SELECT w.order_id, w.connection_id FROM watchers w
    WHERE NOT EXISTS (SELECT 1 FROM connections c WHERE c.connection_id = w.connection_id)
    LIMIT %(limit)s
)
RETURNING order_id
