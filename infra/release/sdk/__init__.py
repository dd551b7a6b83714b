"""What the clients under ``sdk/`` are generated from and by. ``make sdk``."""
