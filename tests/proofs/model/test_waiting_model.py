"""The model of an order that waits holds in every state that it can reach, and needs each of its rules."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from tests.proofs.model.explore import Explored, Machine, explore_machine
from tests.proofs.model.waiting import PROMISED, Rules, State, broken, is_over, start, steps


def explored(rules: Rules) -> Explored[State]:
    """Return what the model with these rules reaches."""
    return explore_machine(Machine(start(rules), partial(steps, rules=rules), broken, is_over))


def test_no_reachable_state_is_broken_or_stuck(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = explored(PROMISED)
    assert found.fault is None
    assert found.stuck == 0
    assert len(found.states) > 2_000
    with capsys.disabled():
        print(
            f"\nwaiting model: {len(found.states):,} states, {found.transitions:,} transitions, none broken"
        )


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("one_row", "the order filled twice"),
        ("guards_trigger", "an order was triggered by what it does not wait for any more"),
        ("guards_save", "an order was signed again although a cancel was noted"),
        ("claims_claimable", "what rests was executed"),
        ("cancels_unsigned", "a cancelled order moved money"),
        ("reads_wish", "an order was signed again although a cancel was noted"),
        ("waits_for_chain", "a failed order moved money"),
        ("exit_with_entry", "an exit was left held"),
    ],
)
def test_without_any_of_its_rules_a_promise_is_broken(rule: str, fault: str) -> None:
    found = explored(replace(PROMISED, **{rule: False}))
    assert found.fault is not None
    assert found.fault[-1] == fault
