UPDATE connections SET push_failures = push_failures + 1 WHERE connection_id = ANY(%(connection_ids)s)
