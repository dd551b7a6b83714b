-- Count an order that was signed by the statement before, in the same transaction, against its client's UTC day.
-- Where that is too much, the amount that is written breaks a constraint: the signature is not stored either.
WITH signed AS (
    UPDATE orders SET reserved = %(reserved)s
    WHERE id = %(id)s AND seq = %(seq)s AND lease_token = %(lease_token)s AND reserved IS NULL
    RETURNING client_id
)
INSERT INTO risk_days AS d (client_id, day, token, used)
SELECT signed.client_id, %(day)s, %(token)s,
    CASE WHEN l.max_daily < %(amount)s::numeric THEN -1 ELSE %(amount)s::numeric END
FROM signed LEFT JOIN risk_limits l ON l.client_id = signed.client_id
ON CONFLICT (client_id, day, token) DO UPDATE
SET used = CASE
    WHEN d.used + %(amount)s::numeric > (SELECT l.max_daily FROM risk_limits l WHERE l.client_id = d.client_id) THEN -1
    ELSE d.used + %(amount)s::numeric
END
