"""Reading orders: one by its id, or page by page until there is no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from fractions import Fraction

import pytest

from dexec.domain.errors import Invalid, NotFound
from dexec.domain.quote import Pair
from dexec.domain.waiting.sights import Mark, Seen, Sight, thinned
from dexec.ports import ApiKey, BookTick
from dexec.usecases.read_orders import ReadOrders
from tests.proofs.simulation.world import World
from tests.support.fakes import START, FakeTicks, Store


def reading(world: World) -> ReadOrders:
    """Return the use case over a world's store, whose market was never seen."""
    return ReadOrders(world.backend.orders, FakeTicks(Store()), world.clock)


def test_pages_hold_every_order_once_and_the_last_one_says_so(world: World, alice: ApiKey) -> None:
    read = reading(world)
    for _ in range(6):
        world.place(alice)
        world.clock.advance(1)
    newest_first = world.backend.orders.history("alice", None, None, 10)
    first = read.page("alice", None, 3, None)
    assert first.orders == newest_first[:3]
    assert first.next_cursor == newest_first[2].id
    second = read.page("alice", None, 3, first.next_cursor)
    assert (second.orders, second.next_cursor) == (newest_first[3:], None)


def test_what_is_no_cursor_is_refused(world: World) -> None:
    with pytest.raises(Invalid):
        reading(world).page("alice", None, 3, "2")


def test_an_order_is_found_by_its_client_alone(world: World, alice: ApiKey) -> None:
    read, order = reading(world), world.place(alice)
    assert order is not None
    assert read.one(order.id, "alice")[0] == order
    for order_id, client_id in ((order.id, "bob"), ("ord_x", "alice")):
        with pytest.raises(NotFound):
            read.one(order_id, client_id)


def test_later_events_are_read_page_by_page(world: World, alice: ApiKey) -> None:
    order = world.place(alice)
    assert order is not None
    world.settle()
    read = reading(world)
    whole, events = read.one(order.id, "alice")
    assert read.one(order.id, "alice", 2) == (whole, events[2:])
    assert read.one(order.id, "alice", 0)[1] == events
    assert read.one(order.id, "alice", len(events)) == (whole, ())


def test_a_chart_has_a_quarter_of_an_hour_thinned_to_the_newest_points(world: World) -> None:
    store, pair = Store(), Pair("SOL", "USDC")
    for second in range(1_000):
        tick = BookTick(pair, second, START + timedelta(seconds=second), Fraction(1), Fraction(1))
        store.ticks[pair].append(tick)
    read = ReadOrders(world.backend.orders, FakeTicks(store), world.clock)
    world.clock.advance(999)
    assert [point.slot for point in read.chart(pair)] == list(range(99, 1_000, 4)), "every third were 301"
    world.clock.advance(1)
    assert [point.slot for point in read.chart(pair)] == list(range(102, 1_000, 3))
    assert reading(world).chart(pair) == ()


def test_nothing_is_read_of_the_market_for_no_open_order(world: World) -> None:
    class Unread(FakeTicks):
        def seen(self, marks: Collection[Mark]) -> Mapping[Mark, Seen]:
            raise AssertionError("read")

    assert ReadOrders(world.backend.orders, Unread(Store()), world.clock).seen([]) == {}


@pytest.mark.parametrize(("count", "kept"), [(0, []), (1, [0]), (3, [0, 1, 2]), (4, [1, 3]), (7, [0, 3, 6])])
def test_what_is_too_much_is_thinned_evenly(count: int, kept: list[int]) -> None:
    sights = tuple(Sight(slot, START, Fraction(1), Fraction(1)) for slot in range(count))
    assert [sight.slot for sight in thinned(sights, 3)] == kept
