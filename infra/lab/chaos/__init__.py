"""Fault injection: a real local deployment, broken on purpose, and judged by what its database says."""
