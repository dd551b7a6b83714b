-- Take the leases of orders that have no signature: what their executors still want to write finds no lease.
UPDATE orders SET lease_token = NULL, lease_until = NULL
WHERE id = ANY(%(order_ids)b::text[]) AND status IN ('routing', 'building') AND lease_token IS NOT NULL
RETURNING id
