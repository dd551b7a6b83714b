-- The first page: order_history.sql says why it has no upper bound among the ids.
SELECT * FROM orders
WHERE (client_id, outcome) <= (%(client_id)s, %(status)s)
    AND (client_id, outcome, id) >= (%(client_id)s, %(status)s, '')
ORDER BY client_id DESC, outcome DESC, id DESC
LIMIT %(limit)s
