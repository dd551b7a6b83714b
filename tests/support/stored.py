"""Routes and fills as rows of the store have held them since version 0.1: literals, never changed.

``stored_routes.json`` has, by name, the request, the decision as the ``detail`` of its event had it, and what
the ``fill`` column had 40 slots later. Key by key they are what clients are shown, too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STORED: dict[str, dict[str, Any]] = {
    case["name"]: case
    for case in json.loads(Path(__file__).with_name("stored_routes.json").read_text(encoding="utf-8"))
}
ROUTED = [name for name, case in STORED.items() if "fill" in case and case.get("isFoundNow", True)]
"""Those that the paper market of seed 5 gives at slot 4,412,000,000; in place of others, better ones now."""


def text(value: object) -> str:
    """Return JSON as it is stored."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
