"""Measurements: load on a deployment, own CPU of the handlers, cold starts, and reports of them."""
