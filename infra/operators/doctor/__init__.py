"""Looks at a machine, and at an AWS account, for what would keep dexec from working there."""
