"""Everything that runs or ships dexec; imported by no function."""
