-- A connection may watch more orders than a transaction may change rows (Aurora DSQL: 3,000): what is left,
-- the sweeper deletes.
WITH closed AS (
    DELETE FROM connections WHERE connection_id = ANY(%(connection_ids)s)
)
DELETE FROM watchers WHERE (order_id, connection_id) IN (
    SELECT order_id, connection_id FROM watchers
    WHERE connection_id = ANY(%(connection_ids)s)
    LIMIT 1000
)
