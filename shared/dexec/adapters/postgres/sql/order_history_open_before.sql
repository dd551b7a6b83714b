-- order_history_open.sql says why it is ordered so.
SELECT * FROM orders
WHERE client_id = %(client_id)s AND outcome IS NULL AND status IN ('pending', 'routing', 'building', 'submitted') AND id < %(before_id)s
ORDER BY outcome DESC, id DESC
LIMIT %(limit)s
