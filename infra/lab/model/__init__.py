"""The cloud model: the real use cases on services that take AWS's latencies and prices, in simulated time."""
