"""The documents that are generated: ``python -m infra.docs`` writes them all, a test keeps them true."""
