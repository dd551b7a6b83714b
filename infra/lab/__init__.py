"""Benchmarks, fault injection and the cost model."""
