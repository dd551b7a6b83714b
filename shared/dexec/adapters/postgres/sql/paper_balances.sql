SELECT mint, amount FROM paper.wallets WHERE owner = %(owner)s
