"""Amending, with the ports in memory: what is checked again, and who hears of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from dexec.domain.errors import (
    ExitsCross,
    Invalid,
    NotFound,
    NotWaiting,
    StaleSeq,
    Unavailable,
    WouldTrigger,
)
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.domain.quote import Pair
from dexec.domain.risk import RiskLimits
from dexec.domain.waiting.amendment import Given, Wanted
from dexec.domain.waiting.conditions import Kind, Limit, Stop
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.terms import Terms
from dexec.ports import ApiKey, Written
from dexec.usecases.place_order import Submission
from tests.proofs.simulation.world import SWAP, World
from tests.support.executed import place, stored, told

PAIR, BACK = Pair("SOL", "USDC"), Pair("USDC", "SOL")
STOP = Terms(stop=Stop(Price("1", PAIR)))
EXITS = Terms(stop=Stop(Price("0.001", BACK)))


class Amending:
    """A world, and the use case with what it told of and the orders whose risk it had judged."""

    def __init__(self, world: World, alice: ApiKey) -> None:
        self.world, self.alice = world, alice
        self.told: list[str] = []
        self.judged: list[int] = []
        self.case = replace(world.amend_order, notify=self.notify, check_risk=self.judge)

    def notify(self, written: Sequence[Written]) -> None:
        self.told += [one.order.id for one in written]

    def judge(self, _: RiskLimits | None, order: Order) -> None:
        self.judged.append(order.request.amount)

    def place(self, terms: Terms | None = STOP, exits: Terms | None = None) -> Order:
        self.world.has_waited = True
        return place(self.world, self.alice, Submission(SWAP, terms=terms, exits=exits), trigger=False)

    def __call__(self, order: Order, seq: int = 1, **wanted: object) -> None:
        fields: Wanted = {name: Given(name, value) for name, value in wanted.items()}
        with self.world.tape.process():
            self.case(order.id, self.alice, seq, fields)


@pytest.fixture
def amend(world: World, alice: ApiKey) -> Amending:
    return Amending(world, alice)


def test_another_amount_is_written_judged_and_told(amend: Amending) -> None:
    order = amend.place()
    amend(order, amount="2")
    assert stored(amend.world, order).request.amount == 2 * 10**9
    assert (amend.told, amend.judged) == ([order.id], [2 * 10**9])


def test_another_price_is_no_more_to_be_judged_by_the_limits_of_the_client(amend: Amending) -> None:
    order = amend.place()
    # The key allows less than the order has by now, which is not amended.
    amend.alice = replace(amend.alice, max_amounts={"SOL": 1})
    amend(order, triggerPrice="2")
    waiting = stored(amend.world, order).waiting
    assert waiting is not None
    assert waiting.terms.stop == Stop(Price("2", PAIR))
    assert (amend.told, amend.judged) == ([order.id], [])
    with pytest.raises(Invalid, match="at most"):
        amend(order, 2, amount="2")


def test_an_amendment_is_no_earlier_than_the_order(amend: Amending) -> None:
    order = amend.place()
    amend.world.clock.advance(-1)
    amend(order, amount="2")
    assert stored(amend.world, order).updated_at == order.updated_at


@pytest.mark.parametrize(
    ("wanted", "seq", "error"),
    [({"triggerPrice": "100000"}, 1, WouldTrigger), ({"amount": "2"}, 2, StaleSeq), ({}, 1, Invalid)],
)
def test_what_is_refused_is_left_as_it_is(
    amend: Amending, wanted: dict[str, object], seq: int, error: type[Exception]
) -> None:
    order = amend.place()
    with pytest.raises(error):
        amend(order, seq, **wanted)
    assert stored(amend.world, order) == order
    assert amend.told == []


def test_nothing_is_amended_that_is_not_there_or_does_not_wait(amend: Amending) -> None:
    order, market = amend.place(), amend.place(None)
    for unknown in (replace(order, id="ord_none"), replace(order, id=order.id[:-1] + "0")):
        with pytest.raises(NotFound):
            amend(unknown, amount="2")
    with pytest.raises(NotWaiting, match="a market order"):
        amend(market, amount="2")
    amend.world.backend.audit.trigger(order.id)
    with pytest.raises(NotWaiting, match="triggered"):
        amend(order, 2, amount="2")
    amend.case = replace(amend.case, takes_waiting=False)
    with pytest.raises(Unavailable, match="cannot be amended"):
        amend(order, 2, amount="2")


def test_an_order_id_is_not_looked_up_that_cannot_be_one(amend: Amending) -> None:
    amend.world.tape.calls.clear()
    with pytest.raises(NotFound):
        amend(replace(amend.place(), id="ord_none"), amount="2")
    assert "orders.find" not in amend.world.tape.calls


@pytest.mark.parametrize("terms", [None, Terms(limit=Limit(Price("200", PAIR)))], ids=["market", "limit"])
def test_a_held_exit_is_judged_by_its_entry(amend: Amending, terms: Terms | None) -> None:
    entry = amend.place(terms, EXITS)
    held = told(amend.world, entry.exit_id)[0]
    assert held.status is Status.HELD
    amend(held, triggerPrice="0.002")
    with pytest.raises(ExitsCross, match="the price now" if terms is None else "the entry"):
        amend(held, 2, triggerPrice="1")


def test_an_entry_is_not_moved_past_its_own_exits(amend: Amending) -> None:
    exits = Terms(limit=Limit(Price("0.008", BACK)), stop=Stop(Price("0.005", BACK)))
    entry = amend.place(Terms(limit=Limit(Price("160", PAIR))), exits)
    amend(entry, limitPrice="170")
    with pytest.raises(ExitsCross, match="the entry"):
        amend(entry, 2, limitPrice="250")


def test_of_a_stop_that_has_fired_the_limit_beside_it_is_amended_whatever_the_price(amend: Amending) -> None:
    world = amend.world
    order = amend.place(Terms(stop=Stop(Price("100", PAIR)), stop_limit=Price("99", PAIR)))
    world.market.move("SOL", Fraction(1, 2))
    world.settle()
    resting = stored(world, order)
    assert (resting.status, resting.waiting and resting.waiting.fired) == (Status.OPEN, Kind.STOP)
    amend(resting, resting.seq, limitPrice="98")
    waiting = stored(world, order).waiting
    assert waiting is not None
    assert waiting.terms.stop_limit == Price("98", PAIR)
