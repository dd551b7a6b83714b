-- What the wallet of an order's client holds; no rows before it has its first funds.
SELECT mint, amount FROM paper.wallets WHERE owner = (SELECT client_id FROM orders WHERE id = %(id)s)
