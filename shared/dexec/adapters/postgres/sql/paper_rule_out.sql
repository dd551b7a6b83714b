-- A tombstone: no transaction lands under this signature any more, unless one has.
INSERT INTO paper.transactions (signature, owner, order_id, slot, lands_at, fill, error)
VALUES (%(signature)s, '', '', %(slot)s, %(now)s, NULL, NULL)
ON CONFLICT (signature) DO NOTHING
