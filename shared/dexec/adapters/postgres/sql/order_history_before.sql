-- Bounded and ordered by the whole key of orders_by_client. With "client_id = … ORDER BY id", PostgreSQL may
-- walk the primary key instead, past all that other clients placed since this one's last order.
SELECT * FROM orders
WHERE (client_id, id) < (%(client_id)s, %(before_id)s) AND (client_id, id) >= (%(client_id)s, '')
ORDER BY client_id DESC, id DESC
LIMIT %(limit)s
