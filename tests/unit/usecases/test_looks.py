"""When an executor looks at a transaction: counted, and never long after it has landed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest

from dexec.domain.errors import SendUnknown
from dexec.domain.order import SignedTransaction
from dexec.ports import CannotLand, Landed, Pending
from dexec.usecases.execute_order import ExecuteOrder, Limits
from dexec.usecases.looks import pauses
from dexec.usecases.redelivery import Redelivery
from tests.proofs.simulation.world import World
from tests.support.fakes import FakeCluster, Landing

LONGEST_PAUSE_S = 0.4
LIMITS = Limits(max_attempts=3, lease_s=25, stop_before_end_s=3, quote_max_age_s=2, poll_s=0.025)


class Chain(FakeCluster):
    """A cluster on which a transaction takes ``takes_s``, at least ``lands_after_s``; it counts looks."""

    def __init__(self, world: World, lands_after_s: float, takes_s: float) -> None:
        super().__init__(world.clock, takes_s)
        self.known_s = lands_after_s
        self.looks: list[float] = []
        self.lags = False
        self.sent_at = world.clock.now()
        self.losses = 0

    @property
    def lands_after_s(self) -> float:
        return self.known_s

    def send(self, data: bytes) -> None:
        self.sent_at = self.clock.now()
        if self.losses:
            self.losses -= 1
            raise SendUnknown("no answer")
        super().send(data)

    def look(self, transaction: SignedTransaction) -> Landed | Pending | CannotLand:
        self.looks.append((self.clock.now() - self.sent_at).total_seconds())
        return Pending() if self.lags else super().look(transaction)


def executed(world: World, chain: Chain, seconds: float = 20) -> Redelivery | None:
    order = world.place(world.client())
    assert order is not None
    case: ExecuteOrder = replace(world.execute_order, cluster=chain, limits=LIMITS)
    return case(order.id, 1, world.clock.now() + timedelta(seconds=seconds))


def test_a_transaction_that_lands_at_once_is_looked_at_at_once() -> None:
    world = World()
    chain = Chain(world, 0, 0)
    assert executed(world, chain) is None
    assert chain.looks == [0]


@pytest.mark.parametrize(("takes_s", "looks"), [(0.25, 1), (0.275, 1), (0.3, 2), (0.337, 3)])
def test_nothing_is_looked_for_before_it_can_have_landed(takes_s: float, looks: int) -> None:
    world = World()
    chain = Chain(world, 0.25, takes_s)
    assert executed(world, chain) is None
    assert len(chain.looks) == looks
    assert chain.looks[0] == pytest.approx(0.275)


def test_looks_grow_rarer_and_stay_close_to_the_landing() -> None:
    """A look each 50 ms from the start would be a hundred."""
    world = World()
    chain = Chain(world, 2.0, 5.0)
    assert executed(world, chain) is None
    assert len(chain.looks) < 15
    assert chain.looks[-1] - 5.0 <= LONGEST_PAUSE_S


def test_a_send_without_an_answer_is_looked_at_before_it_is_sent_again() -> None:
    world = World()
    chain = Chain(world, 0.25, 0.25)
    chain.losses = 1
    assert executed(world, chain) is None
    assert sum(chain.sends.values()) == 1
    assert chain.looks[0] == 0


def test_no_pause_outlasts_the_invocation() -> None:
    world = World()
    chain = Chain(world, 60, 60)
    began = world.clock.now()
    back = executed(world, chain, seconds=20)
    assert isinstance(back, Redelivery)
    assert (world.clock.now() - began).total_seconds() == pytest.approx(20 - LIMITS.stop_before_end_s)
    assert len(chain.looks) == 1


def test_what_an_earlier_run_sent_is_looked_at_at_once() -> None:
    world = World()
    chain = Chain(world, 2.0, 2.0)
    chain.landings = [Landing.FILLED]
    assert isinstance(executed(world, chain, seconds=4), Redelivery)
    (order_id,) = world.accepted
    world.clock.advance(30)
    looks = len(chain.looks)
    began = world.clock.now()
    case = replace(world.execute_order, cluster=chain, limits=LIMITS)
    chain.lags = True
    assert case(order_id, 2, began + timedelta(seconds=2)) is not None, "there is no time, but to look"
    chain.lags = False
    assert case(order_id, 2, began + timedelta(seconds=20)) is None
    assert len(chain.looks) == looks + 2
    assert world.clock.now() == began + timedelta(seconds=1), "until it is due again"


def test_pauses_grow_up_to_a_slot_or_the_first_of_them() -> None:
    grown = list(islice(pauses(0, 0.025), 12))
    assert grown[:3] == pytest.approx([0, 0.025, 0.0375])
    assert grown == sorted(grown)
    assert grown[-1] == LONGEST_PAUSE_S
    assert list(islice(pauses(1, 5.0), 3)) == [6.0, 5.0, 5.0]
