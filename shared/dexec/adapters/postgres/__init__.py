"""Adapters on PostgreSQL and Aurora DSQL: the stores, as named statements over one connection."""
