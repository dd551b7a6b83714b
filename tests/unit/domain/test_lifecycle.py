"""The sets that follow from the table of the lifecycle, spelled out."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import pytest

from dexec.domain.lifecycle import (
    ACTIVE,
    CLAIMABLE,
    COUNTED,
    PREPARING,
    RESTARTED,
    RESTING,
    RULES,
    SIGNING,
    TERMINAL,
    UNSIGNED,
    Status,
)


@pytest.mark.parametrize(
    ("found", "spelled"),
    [
        (
            RULES.keys(),
            "held open triggered pending routing building submitted confirmed failed cancelled expired",
        ),
        (TERMINAL, "confirmed failed cancelled expired"),
        (ACTIVE, "held open triggered pending routing building submitted"),
        (RESTING, "held open"),
        (CLAIMABLE, "triggered pending routing building submitted"),
        (UNSIGNED, "held open triggered pending routing building"),
        (RESTARTED, "triggered pending building"),
        (PREPARING, "routing building"),
        (SIGNING, "building submitted"),
        (COUNTED, "submitted confirmed"),
    ],
)
def test_a_set_of_statuses_is_this_one(found: AbstractSet[Status], spelled: str) -> None:
    assert found == set(spelled.split())
