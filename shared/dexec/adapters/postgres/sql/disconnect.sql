WITH closed AS (
    DELETE FROM connections WHERE connection_id = ANY(%(connection_ids)s)
)
DELETE FROM watchers WHERE connection_id = ANY(%(connection_ids)s)
