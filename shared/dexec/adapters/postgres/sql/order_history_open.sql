-- Open orders of any status, newest first. What ended and is not marked yet is passed over;
-- order_history_open_by_status.sql says why it is ordered so.
SELECT * FROM orders
WHERE client_id = %(client_id)s AND outcome IS NULL AND status IN ('pending', 'routing', 'building', 'submitted')
ORDER BY outcome DESC, id DESC
LIMIT %(limit)s
