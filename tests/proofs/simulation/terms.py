"""What holds of orders that wait: their limits, triggers, brackets, and the rows by which they are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from dexec.domain.lifecycle import RESTING, Status
from dexec.domain.order import Accepted, Event, Order, Signed, SignedTransaction, Triggered
from dexec.domain.quote import Mode, Pair
from dexec.domain.waiting.conditions import Kind, Stop, Trail
from dexec.domain.waiting.due import Triggered as Due
from dexec.domain.waiting.due import replay
from dexec.domain.waiting.lookup import LIMITS, Part, waiting_rows
from dexec.domain.waiting.prices import price_limit
from tests.proofs.simulation.audit import History
from tests.proofs.simulation.world import World
from tests.support.fakes.chain import plan_of
from tests.support.fakes.store import StoredWaiting


def check_terms(world: World, histories: Sequence[History]) -> None:
    """Raise ``AssertionError`` where something does not hold of an order that waits, or has waited."""
    rows = world.backend.audit.waiting()
    orders = {order.id: order for order, _ in histories}
    for order, events in histories:
        mine = {part: row for (order_id, part), row in rows.items() if order_id == order.id}
        _check_rows(order, mine)
        _check_limits(world, order, events)
        _check_triggers(world, order, events)
        _check_bracket(order, orders)
    assert {order_id for order_id, _ in rows} <= set(orders), "rows of no order"


# --- limits ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trading:
    """What an order traded by when it signed: what was asked last, and what fired."""

    asked: Accepted
    fired: Kind | None


def signings(events: Sequence[Event]) -> list[tuple[str, Trading]]:
    """Return the signatures of an order, each with what it was bound by, as its events tell it."""
    found: list[tuple[str, Trading]] = []
    asked, fired = None, None
    for event in events:
        detail = event.detail
        if isinstance(detail, Accepted):
            asked = detail
            at_once = event.status is Status.PENDING and detail.terms is not None
            fired = Kind.LIMIT if at_once else fired
        elif isinstance(detail, Triggered):
            fired = fired if detail.by is Kind.RETRY else detail.by
        elif isinstance(detail, Signed):
            assert asked is not None, "an order was signed before it was accepted"
            found.append((detail.signature, Trading(asked, fired)))
    return found


def _check_limits(world: World, order: Order, events: Sequence[Event]) -> None:
    """Whatever was signed keeps the price that its order was bound by then, and so does the fill."""
    signed = {one.signature: one for one in world.signer.signed[order.id]}
    for signature, trading in signings(events):
        _check_signed(signed[signature], trading)
        if order.fill is not None and signature == order.signature:
            _check_fill(Fraction(order.fill.amount_out, order.fill.amount_in), trading)


def _check_signed(transaction: SignedTransaction, trading: Trading) -> None:
    request, terms, plan = trading.asked.request, trading.asked.terms, plan_of(transaction.data)
    price = None if terms is None else terms.limit_price(trading.fired)
    limits = [] if request.limit is None else [request.limit]
    if price is not None:
        limits.append(price_limit(request.mode, request.amount, price.value))
    for limit in limits:
        is_kept = plan.limit >= limit if request.mode is Mode.EXACT_IN else plan.limit <= limit
        assert is_kept, f"{plan.limit} was signed, {limit} is the limit"


def _check_fill(got: Fraction, trading: Trading) -> None:
    terms = trading.asked.terms
    price = None if terms is None else terms.limit_price(trading.fired)
    assert price is None or got >= price.value, f"filled at {got}, beyond the limit of {price}"


# --- triggers ----------------------------------------------------------------------------------------


def _check_triggers(world: World, order: Order, events: Sequence[Event]) -> None:
    """A stop that fired was due by the ticks that had been seen, judged one by one; so was a limit."""
    asked = [event.detail for event in events if isinstance(event.detail, Accepted)]
    seen = 0
    for event in events:
        why = event.detail
        seen += isinstance(why, Accepted)
        if not isinstance(why, Triggered) or why.slot is None or order.waiting is None:
            continue
        assert why.price is not None
        assert why.threshold is not None
        if why.by is Kind.LIMIT:
            assert why.price >= why.threshold, why
        elif why.by in (Kind.STOP, Kind.TRAIL):
            assert why.price <= why.threshold, why
            # Of terms that were amended since, the slot from which their ticks counted is not kept.
            since = order.waiting.since if seen == len(asked) else None
            due = _due(world, asked[seen - 1], since or 0, why.slot)
            assert due is not None, f"{order.id} was not due: {why}"
            assert due.slot <= why.slot


def _due(world: World, asked: Accepted, since: int, slot: int) -> Due | None:
    assert asked.terms is not None
    stop = asked.terms.stop
    assert isinstance(stop, Stop | Trail)
    if isinstance(stop, Trail):
        # What activated it is in the slot since which ticks count.
        stop = replace(stop, activation=None)
    pair = Pair(asked.request.token_in, asked.request.token_out)
    return replay(stop, since, world.sightings.seen(pair, stop.price_type, slot))


# --- brackets ----------------------------------------------------------------------------------------


def _check_bracket(order: Order, orders: dict[str, Order]) -> None:
    """An exit is held as long as its entry is not over, and then waits over what that bought, if anything."""
    if order.entry_id is None:
        return
    entry = orders[order.entry_id]
    assert entry.exit_id == order.id
    if not entry.is_terminal:
        assert order.status in (Status.HELD, Status.CANCELLED), f"{order.status}, its entry {entry.status}"
        return
    assert order.status is not Status.HELD, "an exit was left held"
    if entry.fill is None:
        assert order.status is Status.CANCELLED, f"{order.status}, its entry bought nothing"
        assert order.request.amount == 0
    elif order.status is not Status.CANCELLED:
        assert order.request.amount == entry.fill.amount_out


# --- rows --------------------------------------------------------------------------------------------


def _check_rows(order: Order, rows: dict[Part, StoredWaiting]) -> None:
    """What rests is found by what its terms say, and nothing else is found."""
    if order.status not in RESTING:
        assert not rows, f"{order.status}, but found by {rows}"
        return
    assert order.waiting is not None
    expected = {
        one.part: one
        for one in waiting_rows(order, order.waiting, order.waiting.rested_at or order.updated_at).rows
    }
    assert rows.keys() == expected.keys(), f"found by {sorted(rows)}, not by {sorted(expected)}"
    for part, stored in rows.items():
        assert stored.version == order.seq, f"a row of {stored.version}, the order is at {order.seq}"
        assert (stored.book is None) == (order.status is Status.HELD)
        assert stored.row.group is not None or stored.row.at is not None, "a row that is never found"
        if part is Part.LIMIT:
            assert stored.row.group in (None, LIMITS)
        else:
            assert stored.row == expected[part]
