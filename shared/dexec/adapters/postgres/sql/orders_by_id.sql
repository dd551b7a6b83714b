SELECT * FROM orders WHERE id = ANY(%(order_ids)b::text[])
