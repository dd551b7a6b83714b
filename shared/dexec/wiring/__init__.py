"""The adapters of one process, each built when it is first used: the only place where they are built."""

from __future__ import annotations

from dexec.wiring.services import Services
from dexec.wiring.store import Store


class Adapters(Store, Services):
    """All adapters but those of the chain: ``composition/market.py`` chooses it."""
