-- order_history_open_by_status.sql says why it is ordered so.
SELECT * FROM orders
WHERE client_id = %(client_id)s AND outcome IS NULL AND status = %(status)s AND id < %(before_id)s
ORDER BY outcome DESC, id DESC
LIMIT %(limit)s
