-- Fence orders that have no signature: without the lease, their executors' later writes fail.
UPDATE orders SET lease_token = NULL, lease_until = NULL
WHERE id = ANY(%(order_ids)b::text[]) AND status IN ('routing', 'building') AND lease_token IS NOT NULL
RETURNING id
