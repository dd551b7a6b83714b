"""Adapters on AWS: queues, pushes to connections, asynchronous invocations."""
