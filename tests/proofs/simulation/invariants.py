"""What holds after every history, whatever went wrong in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from dexec.adapters.paper.simulator import STARTING_BALANCES
from dexec.domain.lifecycle import COUNTED, RESTING, RULES, Status
from dexec.domain.order import Event, Order
from dexec.domain.risk import SETTLEMENT
from dexec.usecases.risk import utc_day
from tests.proofs.simulation.terms import check_terms
from tests.proofs.simulation.world import World

INFRASTRUCTURE = {"unavailable", "outcome_unknown", "internal", "lease_lost", "illegal_transition"}
FIRST = {Status.PENDING, Status.OPEN, Status.HELD}
MOST_ATTEMPTS = 3


def check(world: World) -> None:
    """Raise ``AssertionError`` where something does not hold; all orders are over."""
    check_now(world)
    histories = world.backend.audit.histories()
    stuck = [history for history in histories if not history[0].is_terminal]
    assert not stuck, f"not over: {stuck}"
    orders = {order.id: order for order, _ in histories}
    assert not world.backend.audit.waiting(), "rows are left of orders that are over"
    _check_watchers(world, orders)


def check_now(world: World) -> None:
    """Raise ``AssertionError`` where something does not hold; orders may rest."""
    assert not world.surprises, world.surprises
    assert not world.leaks.found(), "something was signed after a halt had returned"
    assert not world.queue.messages, "a message is left"
    assert not world.dead_letters.messages, "a dead letter is left"
    histories = world.backend.audit.histories()
    for order, events in histories:
        check_events(order, events)
        _check_chain(world, order)
    assert world.accepted <= {order.id for order, _ in histories}, "an accepted order is gone"
    _check_balances(world, [order for order, _ in histories])
    check_terms(world, histories)
    check_usage(world)


def check_events(order: Order, events: Sequence[Event]) -> None:
    """An order is over, or rests; its events have no gap, are legal steps, and end with where it is."""
    assert order.is_terminal or order.status in RESTING, order
    assert order.lease_token is None, "a lease is left"
    assert [event.seq for event in events] == list(range(1, order.seq + 1))
    statuses = [event.status for event in events]
    assert statuses[0] in FIRST
    assert statuses[-1] is order.status
    assert all(after in RULES[before].then for before, after in pairwise(statuses))
    assert [event.at for event in events] == sorted(event.at for event in events)
    attempts = [event.attempt for event in events]
    assert attempts == sorted(attempts)
    assert attempts[-1] == order.attempt
    _check_attempts(order, events)


def _check_attempts(order: Order, events: Sequence[Event]) -> None:
    """No trigger had more attempts than there are."""
    first = 1
    for event in events:
        if event.status is Status.TRIGGERED:
            first = event.attempt
        if event.status not in RESTING:
            assert event.attempt - first < MOST_ATTEMPTS, order


def _check_chain(world: World, order: Order) -> None:
    fills = world.cluster.fills(order.id)
    assert len(fills) == (order.status is Status.CONFIRMED), f"{order.status}, {len(fills)} fills"
    if order.id in world.cancelled:
        assert order.status is Status.CANCELLED, f"a client was told that it is cancelled: {order}"
    if order.error is not None and order.id in world.accepted:
        assert order.error.code not in INFRASTRUCTURE, order.error
    alive = [signed for signed in world.signer.signed[order.id] if world.cluster.sends[signed.signature]]
    if order.status is Status.CONFIRMED:
        assert order.signature in {signed.signature for signed in alive}


def _check_balances(world: World, orders: Sequence[Order]) -> None:
    """Each wallet holds what the fills in its orders' events make of its first funds."""
    for client_id in {order.client_id for order in orders}:
        expected = dict(STARTING_BALANCES)
        for order in orders:
            if order.client_id == client_id and order.fill is not None:
                expected[order.request.token_in] -= order.fill.amount_in
                expected[order.request.token_out] += order.fill.amount_out
        assert world.cluster.held(client_id) == expected


def check_usage(world: World) -> None:
    """What is used of each client's day is the sum over what is submitted and what is confirmed."""
    orders = [order for order, _ in world.backend.audit.histories()]
    assert all(order.reserved is None or order.status in COUNTED for order in orders)
    today = utc_day(world.clock.now())
    sums: Counter[tuple[str, date, str]] = Counter()
    for client_id in {order.client_id for order in orders}:
        sums[client_id, today, SETTLEMENT] = 0
    for order in orders:
        if order.reserved is not None:
            sums[order.client_id, order.reserved.day, order.reserved.token] += order.reserved.amount
    for (client_id, day, token), expected in sums.items():
        assert world.backend.risk.used(client_id, day, token) == expected, (client_id, day, token)


def _check_watchers(world: World, orders: dict[str, Order]) -> None:
    """Every watcher can show every event; one that sees a gap asks for what it misses."""
    for connection_id, order_id in sorted(world.watches):
        wanted = set(range(1, orders[order_id].seq + 1))
        for _ in range(3):
            if _is_gone(world, connection_id):
                break
            seen = set(world.push.seqs(connection_id, order_id))
            missing = sorted(wanted - seen)
            if not missing:
                break
            assert max(seen, default=0) > missing[0], f"{connection_id} cannot know that it misses {missing}"
            world.subscribe(connection_id, orders[order_id], missing[0] - 1)
            world.settle()
        else:
            raise AssertionError(f"{connection_id} asked three times and still misses {missing}")


def _is_gone(world: World, connection_id: str) -> bool:
    return connection_id in world.push.gone or world.backend.watching.connection(connection_id) is None
