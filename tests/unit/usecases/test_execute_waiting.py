"""Executing what waited: its limit is in the transaction, it rests where it misses, its exit follows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dexec.domain.failure import Failure
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Order, Withdrawal
from dexec.domain.quote import Pair, SwapPlan, slippage_limit
from dexec.domain.waiting.conditions import Limit, Stop, Trail
from dexec.domain.waiting.prices import Price, price_limit
from dexec.domain.waiting.steps import amend
from dexec.domain.waiting.terms import Terms, TimeInForce
from dexec.ports import ApiKey, Watcher
from dexec.usecases.notify_exit import NotifyExit
from dexec.usecases.place_order import Submission
from dexec.usecases.settle_dead_letter import Letter
from tests.proofs.simulation.world import SWAP, World
from tests.support.executed import ATTEMPT, execute, place, states, stored, told
from tests.support.fakes import Landing

PAIR, BACK = Pair("SOL", "USDC"), Pair("USDC", "SOL")
HELD, OPEN, TRIGGERED, ROUTING = Status.HELD, Status.OPEN, Status.TRIGGERED, Status.ROUTING
CONFIRMED, CANCELLED, EXPIRED = Status.CONFIRMED, Status.CANCELLED, Status.EXPIRED


def limit(text: str, tif: TimeInForce = TimeInForce.GTC) -> Terms:
    return Terms(limit=Limit(Price(text, PAIR)), time_in_force=tif)


FAR = limit("100000")
STOP = Terms(stop=Stop(Price("1", PAIR)))
EXITS, AMENDED = (Terms(stop=Stop(Price(text, BACK, of_out=True))) for text in ("100000", "90000"))


def test_a_triggered_order_is_executed_like_a_market_order(world: World, alice: ApiKey) -> None:
    order = place(world, alice, Submission(SWAP, terms=STOP))
    assert execute(world, order) is None
    assert states(world, order) == [OPEN, TRIGGERED, *ATTEMPT, CONFIRMED]
    assert world.backend.audit.waiting() == {}


def test_a_limit_is_in_the_transaction(world: World, alice: ApiKey) -> None:
    # A tenth of a per cent below what the market gives; the slippage would let it give up half a per cent.
    route = world.quote_route(SWAP).route
    price = f"{route.amount_out * 999 // 1_000 / 1_500_000:.6f}"
    order = place(world, alice, Submission(SWAP, terms=limit(price)))
    assert execute(world, order) is None
    (signed,) = world.signer.signed[order.id]
    plan = SwapPlan.from_json(json.loads(signed.data)[2])
    assert plan.limit == price_limit(SWAP.mode, SWAP.amount, Price(price, PAIR).value)
    assert plan.limit > slippage_limit(SWAP.mode, SWAP.amount, route.amount_out, SWAP.slippage_bps)


def test_a_limit_that_is_missed_rests_and_its_message_is_done_with(world: World, alice: ApiKey) -> None:
    order = place(world, alice, Submission(SWAP, terms=FAR))
    assert execute(world, order) is None
    resting, events = told(world, order.id)
    assert states(world, order) == [OPEN, TRIGGERED, ROUTING, OPEN]
    assert (events[-1].step, resting.attempt, resting.lease_token) == (Step.RELEASED, 2, None)
    assert resting.waiting is not None
    assert (resting.waiting.fired, resting.waiting.rests) == (None, 1)
    assert len(world.backend.audit.waiting()) == 1
    assert isinstance(events[-1].detail, Failure)
    assert re.fullmatch(
        r"would receive [\d.]+ USDC, at least 150000 USDC is the limit price of 100000 USDC per SOL",
        events[-1].detail.message,
    )
    assert not world.signer.signed
    world.tape.calls.clear()
    assert execute(world, order, receives=2) is None, "a late duplicate executes nothing that rests"
    assert world.tape.calls == ["orders.claim"]


def test_what_slips_is_tried_as_often_for_each_trigger(world: World, alice: ApiKey) -> None:
    order = place(world, alice, Submission(SWAP, terms=limit("1")))
    world.cluster.landings = [Landing.SLIPPED] * 5
    assert execute(world, order) is None
    assert states(world, order) == [Status.PENDING, *ATTEMPT, *ATTEMPT, *ATTEMPT, OPEN]
    world.backend.audit.trigger(order.id)
    assert execute(world, order) is None
    assert states(world, order)[10:] == [OPEN, TRIGGERED, *ATTEMPT, *ATTEMPT, *ATTEMPT, CONFIRMED]
    assert stored(world, order).attempt == 6
    assert len(world.cluster.fills(order.id)) == 1


def test_a_limit_that_is_to_try_once_is_cancelled_where_it_misses(world: World, alice: ApiKey) -> None:
    order = place(world, alice, Submission(SWAP, terms=limit("100000", TimeInForce.IOC)))
    assert order.status is Status.PENDING, "it does not wait for its price"
    assert execute(world, order) is None
    done, events = told(world, order.id)
    assert done.status is CANCELLED
    assert isinstance(events[-1].detail, Withdrawal)
    assert events[-1].detail.by == "ioc"
    assert events[-1].detail.error.message.startswith("would receive")


def test_venues_that_are_away_let_it_rest(world: World, alice: ApiKey) -> None:
    order = place(world, alice, Submission(SWAP, terms=STOP))
    for venue in world.venues:
        venue.failures = 1
    assert execute(world, order) is None
    resting = stored(world, order)
    assert resting.status is OPEN
    assert resting.waiting is not None
    assert resting.waiting.rests_until == world.clock.now() + timedelta(seconds=1)


def test_past_its_time_it_expires(world: World, alice: ApiKey) -> None:
    ends = world.clock.now() + timedelta(seconds=60)
    order = place(world, alice, Submission(SWAP, terms=FAR, expires_at=ends))
    world.clock.advance(60)
    assert execute(world, order) is None
    assert states(world, order) == [OPEN, TRIGGERED, ROUTING, EXPIRED]


def test_a_cancel_that_came_while_it_was_signed_ends_it_where_it_is_not_filled(
    world: World, alice: ApiKey
) -> None:
    for landing, ends in ((Landing.SLIPPED, CANCELLED), (Landing.FILLED, CONFIRMED)):
        order = place(world, alice, Submission(SWAP, terms=limit("1")))
        world.cluster.landings = [landing]

        def wish(call: str, order: Order = order) -> None:
            if call == "cluster.send":
                world.backend.audit.wish_cancel(order.id, "client")

        world.tape.observe = wish
        assert execute(world, order) is None
        done, events = told(world, order.id)
        assert done.status is ends
        if ends is CANCELLED:
            assert isinstance(events[-1].detail, Withdrawal)
            assert events[-1].detail.by == "client"


# --- brackets ----------------------------------------------------------------------------------------


class Told:
    """What is told of the market that is to be watched, and of exits."""

    def __init__(self, world: World) -> None:
        self.ticking: list[tuple[str, Status]] = []
        self.hinted: list[str] = []
        self._notify = NotifyExit(
            world.backend.orders,
            world.execute_order.new_notifier,
            lambda order: self.hinted.append(order.id),
            start_ticking=lambda order: self.ticking.append((order.id, order.status)),
        )
        world.execute_order = replace(world.execute_order, notify_exit=self.notify_exit)

    def notify_exit(self, order: Order, watchers: Sequence[Watcher], ends_at: datetime) -> None:
        self._notify(order, watchers, ends_at)


@pytest.mark.parametrize("terms", [None, limit("1")], ids=["market", "limit"])
def test_the_exit_opens_over_what_the_entry_bought(world: World, alice: ApiKey, terms: Terms | None) -> None:
    watched = Told(world)
    world.connect("stream", alice, stream=True)
    entry = place(world, alice, Submission(SWAP, terms=terms, exits=EXITS, watcher="stream"))
    assert entry.exit_id is not None
    held = told(world, entry.exit_id)[0]
    world.backend.orders.amend(amend(held, held.created_at, held.request, AMENDED, None), None)
    assert execute(world, entry) is None
    filled = stored(world, entry).fill
    assert filled is not None
    exit_order, events = told(world, entry.exit_id)
    assert (exit_order.status, exit_order.request.amount) == (OPEN, filled.amount_out)
    assert [event.status for event in events] == [HELD, HELD, OPEN]
    assert {order_id for order_id, _ in world.backend.audit.waiting()} == {exit_order.id}
    assert world.push.seqs("stream", exit_order.id) == [3], "its watchers hear of it at once"
    assert (watched.ticking, watched.hinted) == ([(exit_order.id, OPEN)], [exit_order.id])
    world.backend.audit.trigger(exit_order.id)
    assert execute(world, exit_order) is None
    back = stored(world, exit_order).fill
    assert back is not None
    assert back.amount_in == filled.amount_out


def test_an_entry_that_ends_unfilled_cancels_its_exit(world: World, alice: ApiKey) -> None:
    watched = Told(world)
    entry = place(world, alice, Submission(replace(SWAP, amount=10**17), exits=EXITS))
    assert entry.exit_id is not None
    assert execute(world, entry) is None
    assert stored(world, entry).status is Status.FAILED
    exit_order, events = told(world, entry.exit_id)
    assert exit_order.status is CANCELLED
    assert isinstance(events[-1].detail, Withdrawal)
    assert events[-1].detail.by == "entry"
    assert (world.backend.audit.waiting(), watched.ticking, watched.hinted) == ({}, [], [exit_order.id])


def test_an_entry_that_rests_keeps_its_exit_held(world: World, alice: ApiKey) -> None:
    watched = Told(world)
    entry = place(world, alice, Submission(SWAP, terms=limit("50000"), exits=EXITS))
    assert entry.exit_id is not None
    assert execute(world, entry) is None
    assert (stored(world, entry).status, told(world, entry.exit_id)[0].status) == (OPEN, HELD)
    assert (watched.ticking, watched.hinted) == ([(entry.id, OPEN)], [])


# --- dead letters ------------------------------------------------------------------------------------


def dead(world: World, order: Order, landing: Landing) -> None:
    """Execute an order with an executor that is killed as soon as it has sent the transaction."""
    world.cluster.landings = [landing]

    def kill(call: str) -> None:
        if call == "cluster.send":
            raise world.tape.crash()

    world.tape.observe = kill
    world._process(lambda: execute(world, order))
    world.tape.observe = lambda call: None
    world.queue.messages.clear()
    assert stored(world, order).status is Status.SUBMITTED
    world.clock.advance(30)


def settle(world: World, order: Order) -> Letter:
    with world.tape.process():
        return world.settle_letter(order.id, world.clock.now() + timedelta(seconds=20))


def test_a_dead_letter_of_what_slipped_rests(world: World, alice: ApiKey) -> None:
    order = place(world, alice, Submission(SWAP, terms=Terms(stop=Trail(100))))
    dead(world, order, Landing.SLIPPED)
    assert settle(world, order) is Letter.SETTLED
    assert states(world, order)[-1] is OPEN
    assert len(world.backend.audit.waiting()) == 1
    assert settle(world, order) is Letter.SETTLED, "of what rests, the letter is done with"
    assert states(world, order)[-1] is OPEN


def test_a_dead_letter_of_a_filled_entry_opens_its_exit(world: World, alice: ApiKey) -> None:
    entry = place(world, alice, Submission(SWAP, exits=EXITS))
    assert entry.exit_id is not None
    dead(world, entry, Landing.FILLED)
    assert settle(world, entry) is Letter.SETTLED
    assert (stored(world, entry).status, told(world, entry.exit_id)[0].status) == (CONFIRMED, OPEN)


def test_a_dead_letter_of_what_was_cancelled_meanwhile_is_cancelled(world: World, alice: ApiKey) -> None:
    order = place(world, alice, Submission(SWAP, terms=limit("1")))
    dead(world, order, Landing.SLIPPED)
    world.backend.audit.wish_cancel(order.id, "client")
    assert settle(world, order) is Letter.SETTLED
    assert states(world, order)[-1] is CANCELLED
