-- How an order ended, null while it is open. Indexes hold this instead of the status, which changes at every
-- step: while an order executes, its row's updates change no index (in PostgreSQL they are HOT), but the last.
-- Orders that ended before are marked in batches; an UPDATE in a migration is repeated until it finds none.

ALTER TABLE orders ADD COLUMN IF NOT EXISTS outcome text;

-- Room for an order's next versions on its page.
ALTER TABLE orders SET (fillfactor = 60);

CREATE INDEX ASYNC IF NOT EXISTS orders_by_outcome ON orders (outcome, run_at);

CREATE INDEX ASYNC IF NOT EXISTS orders_by_client_and_outcome ON orders (client_id, outcome, id);

UPDATE orders SET outcome = status
WHERE id IN (
    SELECT id FROM orders
    WHERE outcome IS NULL AND status IN ('confirmed', 'failed')
    ORDER BY outcome, run_at
    LIMIT 1000
)
RETURNING id;

DROP INDEX IF EXISTS orders_by_client_and_status;

DROP INDEX IF EXISTS orders_by_status;
