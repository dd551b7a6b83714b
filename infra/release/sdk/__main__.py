"""Write the generated models of the clients: ``python -m infra.release.sdk``."""

from __future__ import annotations

from infra.release.sdk import python

python.MODELS.write_text(python.module(), encoding="utf-8")
