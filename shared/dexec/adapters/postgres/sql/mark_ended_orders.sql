-- Orders that were ended, during a deployment, by a version that does not write the outcome.
UPDATE orders SET outcome = status
WHERE id = ANY(ARRAY(
    SELECT id FROM orders
    WHERE outcome IS NULL AND status IN ('confirmed', 'failed', 'cancelled', 'expired')
    ORDER BY outcome, run_at
    LIMIT %(limit)s
))
