"""Reading orders: one by its id, or page by page until there is no more."""

from __future__ import annotations

import pytest

from dexec.domain.errors import Invalid, NotFound
from dexec.ports import ApiKey
from dexec.usecases.read_orders import ReadOrders
from tests.proofs.simulation.world import World


def test_pages_hold_every_order_once_and_the_last_one_says_so(world: World, alice: ApiKey) -> None:
    read = ReadOrders(world.backend.orders)
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
        ReadOrders(world.backend.orders).page("alice", None, 3, "2")


def test_an_order_is_found_by_its_client_alone(world: World, alice: ApiKey) -> None:
    read, order = ReadOrders(world.backend.orders), world.place(alice)
    assert order is not None
    assert read.one(order.id, "alice")[0] == order
    for order_id, client_id in ((order.id, "bob"), ("ord_x", "alice")):
        with pytest.raises(NotFound):
            read.one(order_id, client_id)
