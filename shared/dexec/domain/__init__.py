"""The domain: orders, prices, pools and routing, as pure functions and values."""
