"""The engine as an explicit-state model."""
