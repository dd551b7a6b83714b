"""The sets that follow from the table of the lifecycle, spelled out."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import pytest

from dexec.domain.lifecycle import (
    CLAIMABLE,
    OPEN,
    PREPARING,
    RESTARTED,
    RULES,
    SIGNING,
    TERMINAL,
    UNSIGNED,
    Status,
)


@pytest.mark.parametrize(
    ("found", "spelled"),
    [
        (RULES.keys(), "pending routing building submitted confirmed failed"),
        (TERMINAL, "confirmed failed"),
        (OPEN, "pending routing building submitted"),
        (CLAIMABLE, "pending routing building submitted"),
        (UNSIGNED, "pending routing building"),
        (RESTARTED, "pending building"),
        (PREPARING, "routing building"),
        (SIGNING, "building submitted"),
    ],
)
def test_a_set_of_statuses_is_this_one(found: AbstractSet[Status], spelled: str) -> None:
    assert found == set(spelled.split())
