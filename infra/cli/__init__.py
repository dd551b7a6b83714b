"""The ``dexec`` command."""
