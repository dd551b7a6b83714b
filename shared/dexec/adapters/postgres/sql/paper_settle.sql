-- One transaction lands: the wallet pays and is paid and the venues take the other side, or nothing moves.
-- A wallet that holds too little fails the whole statement on its CHECK, a signature that is there already
-- on its key. Both rows of the wallet change in one UPDATE, so that swaps in opposite directions take their
-- locks in the same order.
WITH moved AS (
    UPDATE paper.wallets
    SET amount = amount + CASE WHEN mint = %(mint_in)s THEN -%(amount_in)s::bigint ELSE %(amount_out)s::bigint END
    WHERE owner = %(owner)s AND mint IN (%(mint_in)s, %(mint_out)s)
),
booked AS (
    INSERT INTO paper.entries (signature, line, account, mint, amount)
    SELECT %(signature)s, e.line, e.account, e.mint, e.amount
    FROM unnest(
        %(lines)b::int[], %(accounts)b::text[], %(mints)b::text[], %(amounts)b::bigint[]
    ) AS e (line, account, mint, amount)
)
INSERT INTO paper.transactions (signature, owner, order_id, slot, lands_at, fill, error)
VALUES (%(signature)s, %(owner)s, %(order_id)s, %(slot)s, %(lands_at)s, %(fill)s, NULL)
