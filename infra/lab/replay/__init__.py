"""Replays orders that wait over recorded prices, by the rules that the running system judges by."""
