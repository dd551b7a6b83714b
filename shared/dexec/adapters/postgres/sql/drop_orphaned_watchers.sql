-- Watchers whose connection is gone, some of them: Aurora DSQL changes 3,000 rows in a transaction at the most.
-- Found once, each by the key of its connection, whatever PostgreSQL takes the tables for.
WITH gone AS MATERIALIZED (
    SELECT w.order_id, w.connection_id FROM watchers w
    WHERE (SELECT c.connection_id FROM connections c WHERE c.connection_id = w.connection_id LIMIT 1) IS NULL
    LIMIT %(limit)s
)
DELETE FROM watchers w USING gone
WHERE w.order_id = ANY(ARRAY(SELECT order_id FROM gone))
    AND w.order_id = gone.order_id AND w.connection_id = gone.connection_id
RETURNING w.order_id
