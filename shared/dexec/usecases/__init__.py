"""The use cases: what the functions call; each asks the ports alone."""
