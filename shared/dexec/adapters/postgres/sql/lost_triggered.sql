-- Triggered orders that no executor has taken.
SELECT * FROM orders
WHERE outcome IS NULL
    AND status = 'triggered'
    AND run_at <= %(before)s
    AND queued_at <= %(before)s
    AND parked_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM switches WHERE name = 'paused')
    AND EXISTS (SELECT 1 FROM api_keys k WHERE k.client_id = orders.client_id AND k.revoked_at IS NULL)
ORDER BY run_at
LIMIT 500
