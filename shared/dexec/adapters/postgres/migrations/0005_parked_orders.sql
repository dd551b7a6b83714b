-- Rounds through the dead letters in a row that ended without a hand-back, and since when an order is parked
-- because of them; null is none, and not.

ALTER TABLE orders ADD COLUMN IF NOT EXISTS rounds integer;

ALTER TABLE orders ADD COLUMN IF NOT EXISTS parked_at timestamptz;
