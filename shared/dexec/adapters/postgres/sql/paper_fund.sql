-- A wallet's first funds, out of the treasury; a wallet that has them is left alone.
WITH funded AS (
    INSERT INTO paper.wallets (owner, mint, amount)
    SELECT %(owner)s, f.mint, f.amount FROM unnest(%(mints)s::text[], %(amounts)s::bigint[]) AS f (mint, amount)
    ON CONFLICT (owner, mint) DO NOTHING
    RETURNING mint, amount
)
INSERT INTO paper.entries (signature, line, account, mint, amount)
SELECT concat('fund:', %(owner)s::text, ':', mint), line, account, mint, sign * amount
FROM funded
CROSS JOIN (VALUES (1, concat('wallet:', %(owner)s::text), 1), (2, 'treasury', -1)) AS side (line, account, sign)
