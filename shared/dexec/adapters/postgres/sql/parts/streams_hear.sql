-- The streams of their client watch the orders {{o}} that have ended, also those that were opened after these were
-- placed: should whoever ended them break off before the streams are notified, the sweeper does it. Of very many, some
-- are left out (Aurora DSQL changes 3,000 rows in a transaction at the most). OFFSET 0: ticks_seen.sql says why.
INSERT INTO watchers (order_id, connection_id)
SELECT {{o}}.id, c.connection_id
FROM {{o}}
CROSS JOIN LATERAL (SELECT connection_id FROM connections WHERE client_id = {{o}}.client_id AND stream OFFSET 0) AS c
WHERE {{o}}.outcome <> 'resting'
    AND (SELECT w.order_id FROM watchers w WHERE w.order_id = {{o}}.id AND w.connection_id = c.connection_id) IS NULL
LIMIT 250
ON CONFLICT (order_id, connection_id) DO NOTHING
