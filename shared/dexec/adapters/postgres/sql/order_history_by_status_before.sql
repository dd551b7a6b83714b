-- Bounded and ordered by the whole key of orders_by_client_and_outcome; order_history_before.sql says why.
SELECT * FROM orders
WHERE (client_id, outcome, id) < (%(client_id)s, %(status)s, %(before_id)s)
    AND (client_id, outcome, id) >= (%(client_id)s, %(status)s, '')
ORDER BY client_id DESC, outcome DESC, id DESC
LIMIT %(limit)s
