"""Whether this is ``make soak``: the random tests try many more inputs, and other ones, than in the suite."""

from __future__ import annotations

import os

SOAK = os.environ.get("DEXEC_SOAK") == "1"
