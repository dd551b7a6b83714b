SELECT slot, fill, error FROM paper.transactions WHERE signature = %(signature)s
