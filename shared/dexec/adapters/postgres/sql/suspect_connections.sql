UPDATE connections SET push_failures = 1
WHERE connection_id = ANY(%(connection_ids)s) AND push_failures = 0
