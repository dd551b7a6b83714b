DELETE FROM watchers WHERE order_id = %(id)s AND connection_id = ANY(%(connection_ids)s)
