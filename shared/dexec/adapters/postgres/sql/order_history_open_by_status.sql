-- Open orders of one status, among the client's open ones. Ordered by the outcome, too, which is null, so that
-- the whole key of orders_by_client_and_outcome is read backwards; order_history_before.sql says what else
-- PostgreSQL may do.
SELECT * FROM orders
WHERE client_id = %(client_id)s AND outcome IS NULL AND status = %(status)s
ORDER BY outcome DESC, id DESC
LIMIT %(limit)s
