-- A client's order under an idempotency key. Bounded and ordered by the whole of their index; order_history_before.sql
-- says why: of "client_id = … AND idempotency_key = …" PostgreSQL may read all orders of a client with many.
SELECT * FROM (
    SELECT * FROM orders
    WHERE (client_id, idempotency_key) >= (%(client_id)s, %(idempotency_key)s)
    ORDER BY client_id, idempotency_key
    LIMIT 1
) AS {{o}}
WHERE client_id = %(client_id)s AND idempotency_key = %(idempotency_key)s
