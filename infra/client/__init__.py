"""A client of any dexec deployment: HTTP calls, and orders watched over a WebSocket without a gap."""
