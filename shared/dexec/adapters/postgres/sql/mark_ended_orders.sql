-- Orders that were ended by code that knows no outcome, while an update of the deployment was under way.
UPDATE orders SET outcome = status
WHERE id IN (
    SELECT id FROM orders
    WHERE outcome IS NULL AND status IN ('confirmed', 'failed')
    ORDER BY outcome, run_at
    LIMIT %(limit)s
)
