-- A step towards a signature: as save_order.sql, but refused while the client may not trade ("halted"), or once the
-- order's deadline has passed ("late").
WITH moved AS (
    UPDATE orders
    {{as_changed orders}}
        AND NOT {{may_not_trade orders}}
        AND NOT coalesce(expires_at <= %(updated_at)s, false)
    RETURNING id
),
written AS (
    {{its_events moved}}
)
SELECT count(*) AS written,
    count(*) = 0 AND EXISTS (
        SELECT 1 FROM orders o
        WHERE o.id = %(id)s AND o.seq = %(seen_seq)s AND o.lease_token = %(seen_token)s AND {{may_not_trade o}}
    ) AS halted,
    count(*) = 0 AND EXISTS (
        SELECT 1 FROM orders o
        WHERE o.id = %(id)s AND o.seq = %(seen_seq)s AND o.lease_token = %(seen_token)s
            AND o.expires_at <= %(updated_at)s
    ) AS late
FROM written
