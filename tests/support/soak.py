"""Whether this is ``make soak``: the random tests try many more inputs, and other ones, than in the suite.

SAM builds the packages for arm64 there, whose wheels the suite unpacks itself.
"""

from __future__ import annotations

import os

SOAK = os.environ.get("DEXEC_SOAK") == "1"
