-- One transaction lands: the wallet pays and is paid and the venues take the other side, or nothing moves.
-- A signature that is there already fails the whole statement on its key, so nothing moves twice.
WITH debit AS (
    UPDATE paper.wallets SET amount = amount - %(amount_in)s
    WHERE owner = %(owner)s AND mint = %(mint_in)s AND amount >= %(amount_in)s
    RETURNING owner
),
credit AS (
    INSERT INTO paper.wallets AS w (owner, mint, amount)
    SELECT owner, %(mint_out)s, %(amount_out)s FROM debit
    ON CONFLICT (owner, mint) DO UPDATE SET amount = w.amount + excluded.amount
),
booked AS (
    INSERT INTO paper.entries (signature, line, account, mint, amount)
    SELECT %(signature)s, e.line, e.account, e.mint, e.amount
    FROM debit
    CROSS JOIN unnest(
        %(lines)s::int[], %(accounts)s::text[], %(mints)s::text[], %(amounts)s::bigint[]
    ) AS e (line, account, mint, amount)
)
INSERT INTO paper.transactions (signature, owner, order_id, slot, lands_at, fill, error)
SELECT %(signature)s, %(owner)s, %(order_id)s, %(slot)s, %(lands_at)s,
    CASE WHEN EXISTS (SELECT 1 FROM debit) THEN %(fill)s END,
    CASE WHEN EXISTS (SELECT 1 FROM debit) THEN NULL ELSE %(unfunded)s END
