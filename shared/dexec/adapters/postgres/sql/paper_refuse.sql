-- One transaction lands and fails by its own rules: it is on chain, nothing moved.
INSERT INTO paper.transactions (signature, owner, order_id, slot, lands_at, fill, error)
VALUES (%(signature)s, %(owner)s, %(order_id)s, %(slot)s, %(lands_at)s, NULL, %(error)s)
ON CONFLICT (signature) DO NOTHING
