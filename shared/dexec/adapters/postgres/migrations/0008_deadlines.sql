-- From when on no signature is stored for an order: its deadline; null is none.

ALTER TABLE orders ADD COLUMN IF NOT EXISTS expires_at timestamptz;
