-- Triggered orders that no executor has taken; one whose client may not trade now rests again once it is taken.
SELECT * FROM orders
WHERE outcome IS NULL
    AND status = 'triggered'
    AND run_at <= %(before)s
    AND queued_at <= %(before)s
ORDER BY run_at
LIMIT 500
