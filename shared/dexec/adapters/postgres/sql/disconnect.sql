-- A connection may watch more orders than a transaction may change rows (Aurora DSQL: 3,000): what is left,
-- the sweeper deletes.
WITH closed AS (
    DELETE FROM connections WHERE connection_id = ANY(%(connection_ids)s)
),
left_over AS MATERIALIZED (
    SELECT order_id, connection_id FROM watchers
    WHERE connection_id = ANY(%(connection_ids)s)
    LIMIT 1000
)
DELETE FROM watchers w USING left_over l
WHERE w.order_id = ANY(ARRAY(SELECT order_id FROM left_over))
    AND w.order_id = l.order_id AND w.connection_id = l.connection_id
