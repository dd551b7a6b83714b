-- Bounded and ordered by the whole key of orders_by_client_and_status; order_history_before.sql says why.
SELECT * FROM orders
WHERE (client_id, status, id) < (%(client_id)s, %(status)s, %(before_id)s)
    AND (client_id, status, id) >= (%(client_id)s, %(status)s, '')
ORDER BY client_id DESC, status DESC, id DESC
LIMIT %(limit)s
