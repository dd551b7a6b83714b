"""The model holds in every state that it can reach, needs each of its rules, and describes the engine."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.proofs.exactly_once.matrix import play_at_random
from tests.proofs.model.explore import Follower, Seen, explore, project
from tests.proofs.model.model import PAUSED, PROMISED, PUNCTUAL, Rules, State
from tests.proofs.simulation.path import PathCheck
from tests.proofs.simulation.world import World
from tests.support.soak import SOAK

HISTORIES = 3_000 if SOAK else 120


@pytest.fixture(autouse=True)
def uncollected() -> Iterator[None]:
    """Keep the collector from looking for cycles among hundreds of thousands of states, which have none."""
    gc.disable()
    yield
    gc.enable()


def test_no_reachable_state_is_broken_or_stuck(
    record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    found = explore()
    assert found.fault is None
    assert found.stuck == 0
    assert len(found.states) > 40_000
    with capsys.disabled():
        print(f"\nmodel: {len(found.states):,} states, {found.transitions:,} transitions, none broken")


def test_a_chain_that_drops_what_has_expired_needs_nothing_ruled_out() -> None:
    found = explore(PUNCTUAL)
    assert found.fault is None
    assert found.stuck == 0


def test_nothing_is_signed_after_a_pause_has_returned() -> None:
    found = explore(PAUSED)
    assert found.fault is None
    assert found.stuck == 0


@pytest.mark.parametrize("rule", ["looks_at_switch", "fences"])
def test_without_any_of_its_rules_the_switch_leaks(rule: str) -> None:
    found = explore(replace(PAUSED, **{rule: False}))
    assert found.fault is not None
    assert found.fault[-1] == "something was signed after a pause had returned"


@pytest.mark.parametrize(
    ("rules", "rule"),
    [
        (PUNCTUAL, "height_first"),
        (PROMISED, "store_first"),
        (PROMISED, "guarded"),
        (PROMISED, "wait_for_expiry"),
        (PROMISED, "rules_out"),
    ],
)
def test_without_any_of_its_rules_money_moves_wrongly(rules: Rules, rule: str) -> None:
    found = explore(replace(rules, **{rule: False}))
    assert found.fault is not None
    assert found.fault[-1] in ("two transactions moved money", "a failed order moved money")


def test_real_histories_are_paths_of_the_model() -> None:
    """Only of market orders, as the model is."""
    looks = 0
    for seed in range(HISTORIES):
        checks: list[PathCheck] = []

        def follow(world: World, checks: list[PathCheck] = checks) -> None:
            checks.append(PathCheck(world))

        play_at_random(seed, follow, waiting_share=0)
        looks += checks[0].looks
    assert looks > 10 * HISTORIES


def test_a_history_that_is_no_path_is_noticed() -> None:
    pending: Seen = project(State())
    with pytest.raises(AssertionError, match="no path"):
        Follower().see(pending._replace(sent=1))
    with pytest.raises(AssertionError, match="no path"):
        Follower().see(pending._replace(attempt=2))
