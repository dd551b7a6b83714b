-- What an order counts for after the statement before, in the same transaction: what it filled, or nothing.
WITH settled AS (
    UPDATE orders SET reserved = %(reserved)s
    WHERE id = %(id)s AND seq = %(seq)s AND reserved = %(seen)s
    RETURNING client_id
)
UPDATE risk_days d SET used = d.used + %(amount)s::numeric
FROM settled
WHERE d.client_id = settled.client_id AND d.day = %(day)s AND d.token = %(token)s
