"""Diagnostics of a machine, and of an AWS account, for what would keep dexec from working."""
