"""What we take from others: its licences, and what is known against it."""
