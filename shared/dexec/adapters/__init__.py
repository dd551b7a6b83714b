"""Adapters: the ports implemented on PostgreSQL, AWS, HTTP and the simulated chain."""
