"""Random histories of many orders on PostgreSQL; the same must hold, and each is a path of the model."""

from __future__ import annotations

from collections.abc import Callable

from tests.conftest import Connecting
from tests.proofs.exactly_once.histories import Histories, play_histories
from tests.support.soak import SOAK

EXAMPLES = 400 if SOAK else 16
STEPS = 60 if SOAK else 30


def test_random_histories(connecting: Connecting, record_property: Callable[[str, object], None]) -> None:
    stores = play_histories(Histories, connecting, EXAMPLES, STEPS)
    assert stores.orders >= EXAMPLES
    record_property("histories", stores.histories)
