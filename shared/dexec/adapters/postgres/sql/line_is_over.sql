-- An order that is gone has nothing to come either.
SELECT NOT EXISTS (SELECT 1 FROM orders WHERE id = %(order_id)s AND outcome IS NULL) AS is_over
