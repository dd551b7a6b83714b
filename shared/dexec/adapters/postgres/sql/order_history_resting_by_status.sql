-- Orders of one of the statuses that rest; order_history_open_by_status.sql says why they are ordered so.
SELECT * FROM orders
WHERE client_id = %(client_id)s AND outcome = 'resting' AND status = %(status)s
ORDER BY outcome DESC, id DESC
LIMIT %(limit)s
