WITH failing AS (
    DELETE FROM connections
    WHERE connection_id = ANY(%(connection_ids)s) AND push_failures >= %(max_failures)s
    RETURNING connection_id
)
DELETE FROM watchers WHERE connection_id IN (SELECT connection_id FROM failing)
