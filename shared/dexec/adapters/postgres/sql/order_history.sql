-- The first page has no upper bound but the client itself: what sorts after every id depends on the
-- database's collation. order_history_before.sql says why the rest is as it is.
SELECT * FROM orders
WHERE client_id <= %(client_id)s AND (client_id, id) >= (%(client_id)s, '')
ORDER BY client_id DESC, id DESC
LIMIT %(limit)s
