-- Who asked to cancel an order that its executor still holds: one without such a wish has been written.
SELECT cancelled_by FROM orders
WHERE id = %(id)s AND lease_token = %(seen_token)s AND cancelled_by IS NOT NULL
