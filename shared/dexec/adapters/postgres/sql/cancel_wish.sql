-- Who asked to cancel an order that is still as its executor saw it.
SELECT cancelled_by FROM orders
WHERE id = %(id)s AND seq = %(seen_seq)s AND lease_token = %(seen_token)s AND cancelled_by IS NOT NULL
