"""What measures the product: benches, faults, the cost model."""
