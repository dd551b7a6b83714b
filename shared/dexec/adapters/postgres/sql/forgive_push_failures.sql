UPDATE connections SET push_failures = 0 WHERE connection_id = ANY(%(connection_ids)s)
