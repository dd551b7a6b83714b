"""The parts of a process by what they are for; ``dexec.bootstrap.Container`` is all of them."""
