"""dexec: an execution engine for crypto swap orders."""

__version__ = "0.1.0"
