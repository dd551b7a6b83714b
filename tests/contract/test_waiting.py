"""What every store does with what waits: what of it is due, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from fractions import Fraction

import pytest

from dexec.domain import halts
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Activated, Order, Triggered, cancel, expire
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Kind, Limit, PriceType, Stop, Trail
from dexec.domain.waiting.lookup import LIMITS, Group, Part
from dexec.domain.waiting.prices import Price, price_key
from dexec.domain.waiting.steps import activate, amend, rest, trigger
from dexec.domain.waiting.terms import Terms, Waiting
from dexec.ports import ApiKey, Bound, ClaimOutcome, Found, Moved
from tests.contract.samples import (
    NOW,
    PAUSED,
    after,
    claim,
    claimed,
    connect,
    failure,
    new_order,
    read,
    stored,
)
from tests.contract.waiting_samples import LIMIT, bracket
from tests.proofs.simulation.audit import LIMIT_MET
from tests.proofs.simulation.backend import Backend

BOOK, OTHER, LAST = Pair("SOL", "USDC"), Pair("SOL", "USDT"), Pair("USDT", "USDC")
STOPS = Group("stop", PriceType.REFERENCE, 2)
TRAILS = Group("trail", PriceType.REFERENCE, 2, 200)
ASLEEP = Group("asleep", PriceType.REFERENCE, 2, 200)
LOWEST = -(2**62)


def limit(price: str, pair: Pair = BOOK) -> Terms:
    return Terms(limit=Limit(Price(price, pair)))


def stop(price: str) -> Terms:
    return Terms(stop=Stop(Price(price, BOOK)))


def trail(activation: str | None = None) -> Terms:
    return Terms(stop=Trail(200, None if activation is None else Price(activation, BOOK)))


def place(
    store: Backend,
    terms: Terms,
    client_id: str = "alice",
    pair: Pair = BOOK,
    expires_at: datetime | None = None,
) -> Order:
    """Place an order that waits."""
    new = new_order(client_id)
    request = replace(new.order.request, token_in=pair.token_in, token_out=pair.token_out)
    order = replace(
        new.order, request=request, status=Status.OPEN, waiting=Waiting.of(terms), expires_at=expires_at
    )
    return store.orders.place(replace(new, order=order), None, None).order


def key(price: str) -> int:
    return price_key(Price(price, BOOK).value, up=True)


def bound(group: Group, key: int, before: int | None = None, most: int = 100) -> Bound:
    return Bound(BOOK, group, key, most, before)


def ids(found: tuple[Found, ...]) -> list[str]:
    return [one.order.id for one in found]


# --- what is due -------------------------------------------------------------------------------------


def test_books_and_their_groups(store: Backend) -> None:
    store.orders.place(bracket(), None, None)
    assert store.waits.groups() == {}
    place(store, Terms(limit=limit("170").limit, stop=Trail(200)))
    place(store, limit("171"))
    place(store, trail("180"))
    place(store, stop("140"))
    place(store, stop("140"), pair=OTHER)
    rests(store, place(store, limit("170", LAST), pair=LAST))
    found = store.waits.groups()
    assert {pair: set(groups) for pair, groups in found.items()} == {
        BOOK: {LIMITS, TRAILS, ASLEEP, STOPS},
        OTHER: {STOPS},
        LAST: set(),
    }
    assert all(len(set(groups)) == len(groups) for groups in found.values())


def rests(store: Backend, order: Order) -> Order:
    """Have an order triggered, taken, and rest again; it is due by the time from one second on."""
    store.audit.trigger(order.id)
    change = rest(claimed(store, order), NOW, failure("no_venue"))
    store.orders.save(change)
    return change.after


def test_what_rests_is_counted_no_further_than_needed(store: Backend) -> None:
    orders = [place(store, stop("140")) for _ in range(3)]
    store.orders.place(bracket(LIMIT), None, None)
    assert (store.waits.count(9), store.waits.count(4)) == (5, 4)
    store.waits.apply([trigger(orders[0], NOW, LIMIT_MET)])
    assert store.waits.count(9) == 4


def test_the_oldest_trail_of_a_book(store: Backend) -> None:
    place(store, stop("140"))
    assert store.waits.oldest_since({BOOK: (STOPS,)}) == {}
    store.audit.tick(5)
    place(store, trail(), pair=OTHER)
    store.audit.tick(7)
    place(store, trail())
    store.audit.tick(9)
    place(store, trail())
    groups = store.waits.groups()
    assert store.waits.oldest_since(groups) == {BOOK: 7, OTHER: 5}


def test_a_trail_that_is_executed_needs_its_ticks_for_it_may_rest_again(store: Backend) -> None:
    store.audit.tick(5)
    gone, executed = place(store, trail()), place(store, Terms(limit("170").limit, Trail(200)))
    store.audit.tick(7)
    place(store, trail())
    place(store, stop("140"), pair=OTHER)
    store.audit.trigger(executed.id)
    store.waits.apply([expire(gone, NOW, failure("x"))])
    store.orders.place(bracket(trail()), None, None)
    groups = store.waits.groups()
    assert store.waits.oldest_since(groups) == {BOOK: 5}
    store.orders.save(cancel(claimed(store, executed), NOW, "client", failure("x")))
    assert store.waits.oldest_since(groups) == {BOOK: 7}


def test_a_trail_that_has_fired_needs_its_ticks_for_a_halt_may_undo_that(store: Backend) -> None:
    store.audit.tick(5)
    order = place(store, trail())
    store.audit.tick(7)
    place(store, trail())
    store.waits.apply([trigger(order, NOW, Triggered(Kind.TRAIL))])
    resting = rest(claimed(store, order), NOW, failure("no_venue"))
    store.orders.save(resting)
    assert store.waits.oldest_since(store.waits.groups()) == {BOOK: 5}
    limited = replace(trail(), stop_limit=Price("1", BOOK))
    store.orders.amend(amend(resting.after, NOW, order.request, limited, None), None)
    assert store.waits.oldest_since(store.waits.groups()) == {BOOK: 5}


def test_each_order_of_a_batch_takes_its_own_step_or_keeps_its_rows(store: Backend) -> None:
    due, late, stale, asleep = (place(store, one) for one in (stop("1"), limit("9"), stop("2"), trail("180")))
    store.orders.amend(amend(stale, NOW, stale.request, stop("3"), None), None)
    activated = Activated(Fraction(1), 5)
    written = store.waits.apply(
        [
            trigger(due, NOW, Triggered(Kind.STOP)),
            expire(late, NOW, failure("x")),
            trigger(stale, NOW, Triggered(Kind.STOP)),
        ]
    )
    assert written.keys() == {due.id, late.id}
    assert [stored(store, one).status for one in (due, late)] == [Status.TRIGGERED, Status.EXPIRED]
    assert {order_id for order_id, _ in store.audit.waiting()} == {stale.id, asleep.id}
    store.waits.apply([activate(asleep, NOW, activated)])
    assert store.audit.waiting()[asleep.id, Part.STOP].row.group == TRAILS


def test_what_reaches_a_bound_is_found_with_its_order(store: Backend) -> None:
    low, high = place(store, stop("140")), place(store, stop("145"))
    reached = store.waits.due_by_price([bound(STOPS, key("142"))])
    assert ids(reached) == [high.id]
    (one,) = reached
    assert one.order == high
    assert (one.row.part, one.row.group, one.row.key, one.version) == (Part.STOP, STOPS, key("145"), 1)
    assert ids(store.waits.due_by_price([bound(STOPS, key("140"))])) == [high.id, low.id]
    assert store.waits.due_by_price([bound(STOPS, key("146")), bound(LIMITS, LOWEST)]) == ()
    assert store.waits.due_by_price([replace(bound(STOPS, 0), pair=OTHER)]) == ()


def test_what_began_to_wait_too_late_is_not_found(store: Backend) -> None:
    early = [place(store, stop("145")).id for _ in range(3)]
    store.audit.tick(5)
    late = place(store, stop("145"))
    assert ids(store.waits.due_by_price([bound(STOPS, 0, before=5)])) == early
    assert ids(store.waits.due_by_price([bound(STOPS, 0, before=6)])) == [*early, late.id]


def test_clients_come_in_turn_within_a_bound(store: Backend) -> None:
    first = [place(store, limit(str(price))) for price in (150, 151, 152)]
    bobs = place(store, limit("160"), "bob")
    place(store, limit("155", OTHER), pair=OTHER)
    found = ids(store.waits.due_by_price([bound(LIMITS, LOWEST, most=2)]))
    assert found == [first[0].id, bobs.id]
    both = store.waits.due_by_price([bound(LIMITS, LOWEST), bound(STOPS, 0)])
    assert ids(both) == [first[0].id, bobs.id, first[1].id, first[2].id]


SWITCHES = [
    halts.Switch(halts.Stop.HALTED, NOW),
    halts.Switch(halts.Stop.HALTED, NOW, "alice"),
    halts.Switch(halts.Stop.REDUCING, NOW, token_out="SOL"),
    halts.Switch(halts.Stop.REDUCING, NOW, "alice", "SOL"),
]


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_a_halt_triggers_nothing_that_it_holds(store: Backend, switch: halts.Switch) -> None:
    order, bobs = place(store, stop("145")), place(store, stop("145"), client_id="bob")
    store.control.stop(switch)
    held = [order] if switch.client_id else [order, bobs]
    free = [bobs.id] if switch.client_id else []
    assert ids(store.waits.due_by_price([bound(STOPS, 0)])) == free
    assert set(store.waits.apply([trigger(one, NOW, LIMIT_MET) for one in held])) == set()
    store.control.stop(replace(switch, token_out="USDC"))
    assert set(ids(store.waits.due_by_price([bound(STOPS, 0)]))) == {order.id, bobs.id}
    assert set(store.waits.apply([trigger(order, NOW, LIMIT_MET)])) == {order.id}


def test_nothing_is_due_of_who_may_not_trade(store: Backend) -> None:
    order = place(store, stop("145"), expires_at=after(9))
    rested = rests(store, place(store, limit("170")))
    every = [bound(STOPS, 0)]
    store.control.stop(PAUSED)
    assert store.waits.due_by_price(every) == ()
    assert store.waits.apply([trigger(order, NOW, LIMIT_MET)]) == {}
    assert [one.row.part for one in store.waits.due_by_time([BOOK], after(9))] == [Part.EXPIRY]
    store.control.lift([halts.Stop.PAUSED], None)
    revoked = ApiKey("trading key of alice", "alice", None, None, NOW, NOW)
    store.api_keys.add(revoked)
    assert store.waits.due_by_price(every) == ()
    assert store.waits.apply([trigger(order, NOW, LIMIT_MET)]) == {}
    store.api_keys.add(replace(revoked, revoked_at=None))
    assert ids(store.waits.due_by_price(every)) == [order.id]
    assert ids(store.waits.due_by_time([BOOK], after(9))) == [rested.id, order.id]


def test_what_is_due_by_the_time(store: Backend) -> None:
    late = place(store, stop("140"), expires_at=after(3))
    rested = rests(store, place(store, limit("170", OTHER), pair=OTHER))
    place(store, stop("140"))
    assert store.waits.due_by_time([BOOK, OTHER], after(0.9)) == ()
    found = store.waits.due_by_time([BOOK, OTHER], after(3))
    assert [(one.order, one.row.part) for one in found] == [(rested, Part.LIMIT), (late, Part.EXPIRY)]
    assert found[0].row.group is None
    assert ids(store.waits.due_by_time([BOOK], after(3))) == [late.id]


def test_a_row_is_moved_while_its_order_is_unchanged(store: Backend) -> None:
    order = place(store, Terms(limit=limit("150").limit, stop=stop("140").stop))
    other = place(store, limit("190"), "bob")
    before = {key: one.row for key, one in store.audit.waiting().items()}
    moved = Moved(order.id, 1, Part.LIMIT, LIMITS, -key("160"), after(30))
    store.waits.move([moved, replace(moved, order_id="ord_gone")])
    now = store.audit.waiting()
    assert [key for key, row in before.items() if now[key].row != row] == [(order.id, Part.LIMIT)]
    assert store.waits.due_by_price([bound(LIMITS, -key("155"))]) == ()
    assert ids(store.waits.due_by_price([bound(LIMITS, -key("160"))])) == [order.id]
    (again,) = store.waits.due_by_time([BOOK], after(30))
    assert (again.order, again.row.at) == (order, after(30))
    store.waits.move([replace(moved, version=2, key=LOWEST)])
    assert ids(store.waits.due_by_price([bound(LIMITS, -key("160"))])) == [order.id]
    store.waits.move([replace(moved, group=None, at=after(5))])
    assert ids(store.waits.due_by_price([bound(LIMITS, LOWEST)])) == [other.id]


def test_rows_that_are_moved_together_go_each_its_own_way(store: Backend) -> None:
    order, other = place(store, limit("150")), place(store, limit("190"), "bob")
    moved = Moved(order.id, 1, Part.LIMIT, LIMITS, -key("160"), None)
    store.waits.move([moved, replace(moved, order_id=other.id, key=-key("170"))])
    assert ids(store.waits.due_by_price([bound(LIMITS, -key("160"))])) == [order.id]
    assert ids(store.waits.due_by_price([bound(LIMITS, -key("170"))])) == [order.id, other.id]


# --- what becomes of them ----------------------------------------------------------------------------


def test_a_trigger_is_one_step_with_its_event_and_without_its_rows(store: Backend) -> None:
    connect(store, "stream", stream=True)
    order, other = place(store, limit("150"), expires_at=after(60)), place(store, stop("140"))
    change = trigger(order, after(2), LIMIT_MET)
    written = store.waits.apply([change])
    assert [watcher.connection_id for watcher in written[order.id]] == ["stream"]
    kept, events = read(store, order)
    assert kept == change.after
    assert events[1:] == change.events
    assert {order_id for order_id, _ in store.audit.waiting()} == {other.id}
    assert claim(store, order, now=after(2)).outcome is ClaimOutcome.CLAIMED


def test_a_step_is_written_only_while_the_order_is_as_it_was_judged(store: Backend) -> None:
    order, other = place(store, limit("150")), place(store, limit("151"), "bob")
    change = trigger(order, NOW, LIMIT_MET)
    assert set(store.waits.apply([change, trigger(other, NOW, LIMIT_MET)])) == {order.id, other.id}
    assert store.waits.apply([change]) == {}
    again = rests(store, place(store, limit("152")))
    stale = replace(change, before=replace(again, seq=1), after=replace(change.after, id=again.id))
    assert store.waits.apply([stale]) == {}
    assert stored(store, again) == again


def test_an_order_expires_and_takes_its_held_exit_along(store: Backend) -> None:
    new = bracket(LIMIT)
    entry = store.orders.place(new, None, None).order
    assert new.exit is not None
    change = expire(entry, after(9), failure("deadline_passed"))
    assert set(store.waits.apply([change])) == {entry.id}
    assert stored(store, entry) == change.after
    assert stored(store, new.exit).status is Status.CANCELLED
    assert store.audit.waiting() == {}
    assert store.waits.groups() == {}


def test_the_exit_of_an_entry_that_went_on_stays_held(store: Backend) -> None:
    new = bracket(LIMIT)
    entry = store.orders.place(new, None, None).order
    assert new.exit is not None
    store.waits.apply([trigger(entry, NOW, LIMIT_MET)])
    assert store.waits.apply([expire(entry, after(9), failure("deadline_passed"))]) == {}
    assert stored(store, new.exit).status is Status.HELD


def test_trails_that_become_active_change_their_groups(store: Backend) -> None:
    terms = replace(limit("170"), stop=trail("160").stop)
    order, bystander = (place(store, terms, expires_at=after(60)) for _ in range(2))
    other = rests(store, place(store, terms))
    slots = {order.id: 41, other.id: 51}
    changes = [activate(one, after(1), Activated(Fraction(4, 25), slots[one.id])) for one in (order, other)]
    assert set(store.waits.apply(changes)) == {order.id, other.id}
    assert [stored(store, one) for one in (order, other)] == [change.after for change in changes]
    rows = {(one, part): (row.row.group, row.version) for (one, part), row in store.audit.waiting().items()}
    seq = other.seq + 1
    assert rows == {
        (order.id, Part.LIMIT): (LIMITS, 2),
        (order.id, Part.STOP): (TRAILS, 2),
        (order.id, Part.EXPIRY): (None, 2),
        (other.id, Part.LIMIT): (rows[other.id, Part.LIMIT][0], seq),
        (other.id, Part.STOP): (TRAILS, seq),
        (bystander.id, Part.LIMIT): (LIMITS, 1),
        (bystander.id, Part.STOP): (ASLEEP, 1),
        (bystander.id, Part.EXPIRY): (None, 1),
    }
    assert {one: store.audit.waiting()[one, Part.STOP].row.key for one in slots} == {
        order.id: -40,
        other.id: -50,
    }
    assert read(store, order)[1][-1].step is Step.ACTIVATED


def test_triggered_orders_that_no_executor_took(store: Backend) -> None:
    orders = [place(store, limit("150")) for _ in range(3)]
    for order in orders:
        store.waits.apply([trigger(order, after(1), LIMIT_MET)])
    taken = claimed(store, orders[1], now=after(2))
    store.orders.save(
        cancel(claimed(store, orders[2], now=after(2)), after(2), "client", failure("cancelled"))
    )
    assert taken.status is Status.ROUTING
    assert store.waits.lost(after(0.9)) == ()
    assert [one.id for one in store.waits.lost(after(1))] == [orders[0].id]
    assert store.orders.requeue(stored(store, orders[0]), after(6))
    assert store.waits.lost(after(5)) == ()
    store.control.stop(PAUSED)
    assert [one.id for one in store.waits.lost(after(6))] == [orders[0].id], "it is to rest"
