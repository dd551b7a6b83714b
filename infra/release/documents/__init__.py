"""The documents that are generated: ``make docs`` writes them all, a test keeps them true."""
