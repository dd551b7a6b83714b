"""Orders that wait: prices, conditions, the ticks that judge them, and when one is due.

Everything here is pure and exact. The running system, its tests and a replay over recorded prices judge by
the same functions.
"""
