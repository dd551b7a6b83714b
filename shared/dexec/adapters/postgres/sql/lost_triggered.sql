-- Triggered orders that no executor has taken.
SELECT * FROM orders
WHERE outcome IS NULL
    AND status = 'triggered'
    AND run_at <= %(before)s
    AND queued_at <= %(before)s
    AND NOT {{may_not_trade orders}}
ORDER BY run_at
LIMIT 500
