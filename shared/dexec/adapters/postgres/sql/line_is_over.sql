-- An order that rests has events to come; one that is gone has none either.
SELECT NOT EXISTS (
    SELECT 1 FROM orders WHERE id = %(order_id)s AND status NOT IN ('confirmed', 'failed', 'cancelled', 'expired')
) AS is_over
