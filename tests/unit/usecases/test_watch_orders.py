"""Connections and subscriptions, from the first frame to the last."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest

from dexec.domain.errors import ConnectionUnknown, NotFound, TooManyConnections, Unavailable
from dexec.domain.failure import Failure
from dexec.domain.lifecycle import Status
from dexec.domain.order import Change, Order
from dexec.ports import ApiKey, Connection, MostConnections
from tests.proofs.simulation.tape import Fault, Work
from tests.proofs.simulation.world import World

KNOWN_S = 60
OPENING_PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
SETTLE_S = 0.01


@pytest.fixture
def order(world: World, alice: ApiKey) -> Order:
    """Return an order that is pending."""
    placed = world.place(alice)
    assert placed is not None
    return placed


def test_a_connection_on_an_order_is_sent_past_events(world: World, alice: ApiKey, order: Order) -> None:
    world.open("c", alice, order.id)
    assert world.push.frames["c"] == [], "nothing can be posted while it opens"
    world.replay_events()
    assert world.push.seqs("c", order.id) == [1]
    assert world.tape.calls.count("orders.find") == 1, "it is read once"
    world.settle()
    assert set(world.push.seqs("c", order.id)) == {1, 2, 3, 4, 5, 6}


def test_a_connection_that_opens_at_once_is_never_met_closed(
    world: World, alice: ApiKey, order: Order
) -> None:
    posted = []
    world.push.gone = {"c"}

    def open_soon(connection_id: str) -> None:
        posted.append(connection_id)
        if (world.clock.now() - order.created_at).total_seconds() >= SETTLE_S:
            world.push.gone.discard("c")

    world.push.hang = open_soon
    world.open("c", alice, order.id)
    world.replay_events()
    assert posted == ["c"]
    assert world.push.seqs("c", order.id) == [1]


def test_a_replay_waits_until_its_connection_is_open(world: World, alice: ApiKey, order: Order) -> None:
    world.push.gone = {"c"}
    opened_after = 0.15

    def open_in_time(_: str) -> None:
        if (world.clock.now() - order.created_at).total_seconds() >= opened_after:
            world.push.gone.discard("c")

    world.push.hang = open_in_time
    world.open("c", alice, order.id)
    world.replay_events()
    assert world.push.seqs("c", order.id) == [1]


def test_a_replay_that_is_not_received_is_given_up(world: World, alice: ApiKey, order: Order) -> None:
    world.settle()
    world.push.gone = {"c"}
    world.open("c", alice, order.id)
    before = world.clock.now()
    world.replay_events()
    assert (world.clock.now() - before).total_seconds() == pytest.approx(SETTLE_S + sum(OPENING_PAUSES_S))
    assert world.tape.calls.count("orders.find") == 1
    assert not world.is_quiet(), "the sweeper still has to tell, or to forget it"
    world.settle()
    assert world.backend.watching.connection("c") is None


def test_a_connection_whose_replay_cannot_be_sent_is_refused(
    world: World, alice: ApiKey, order: Order
) -> None:
    def away(work: Work) -> object:
        raise Unavailable("away")

    world.tape.faults[len(world.tape.calls) + 1] = Fault("away", away)
    with world.tape.process(), pytest.raises(Unavailable):
        world.watch_orders.connect("c", alice, stream=False, order_id=order.id)


@pytest.mark.parametrize("order_id", ["", "ord_x", "ord_" + "0" * 32, "'; DROP TABLE orders"])
def test_an_order_that_is_not_there_cannot_be_watched(world: World, alice: ApiKey, order_id: str) -> None:
    world.connect("c", alice)
    with world.tape.process(), pytest.raises(NotFound):
        world.watch_orders.subscribe(order_id, "alice", "c", 0)


def test_another_clients_order_is_not_found(world: World, order: Order) -> None:
    world.connect("c", world.client("bob"))
    with world.tape.process(), pytest.raises(NotFound):
        world.watch_orders.subscribe(order.id, "bob", "c", 0)


def test_a_connection_is_read_once_a_minute(world: World, alice: ApiKey) -> None:
    world.connect("c", alice)
    with world.tape.process():
        found = [world.watch_orders.connection("c") for _ in range(3)]
        assert isinstance(found[0], Connection)
        assert world.tape.calls.count("watching.connection") == 1
        world.watch_orders.disconnect("c")
        with pytest.raises(ConnectionUnknown):
            world.watch_orders.connection("c")


def test_what_a_process_remembers_of_a_connection_has_an_end(world: World, alice: ApiKey) -> None:
    world.connect("c", alice)
    with world.tape.process():
        world.watch_orders.connection("c")
        world.backend.watching.disconnect("c")
        assert world.watch_orders.connection("c").client_id == "alice", "remembered"
        with pytest.raises(ConnectionUnknown):
            world.watch_orders.connection("c", max_age_s=0)
        world.clock.advance(KNOWN_S - 0.001)
        assert world.watch_orders.connection("c").client_id == "alice"
        world.clock.advance(0.001)
        with pytest.raises(ConnectionUnknown):
            world.watch_orders.connection("c")


def test_10_000_connections_are_remembered_and_then_forgotten(
    world: World, alice: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stored(connection_id: str) -> Connection:
        return Connection(connection_id, "alice", alice.key_hash, False, world.clock.now())

    monkeypatch.setattr(world.backend.watching, "connection", stored)
    with world.tape.process():
        for number in range(10_000):
            world.watch_orders.connection(str(number))
        world.watch_orders.connection("0")
        assert world.tape.calls.count("watching.connection") == 10_000
        world.watch_orders.connection("10000")
        world.watch_orders.connection("0")
        assert world.tape.calls.count("watching.connection") == 10_002


def test_a_forgotten_connection_does_not_watch_and_is_closed(
    world: World, alice: ApiKey, order: Order
) -> None:
    world.connect("c", alice)
    with world.tape.process():
        world.watch_orders.connection("c")
        world.backend.watching.disconnect("c")
        with pytest.raises(ConnectionUnknown):
            world.watch_orders.subscribe(order.id, "alice", "c", 0)
        world.watch_orders.turn_away("c", b'{"type": "error"}')
        with pytest.raises(ConnectionUnknown):
            world.watch_orders.connection("c")
    assert world.push.frames["c"] == [{"type": "error"}]
    assert "c" in world.push.gone


def test_who_unsubscribes_hears_no_more(world: World, alice: ApiKey, order: Order) -> None:
    world.connect("c", alice)
    world.subscribe("c", order)
    world.unsubscribe("c", order)
    world.settle()
    assert world.push.seqs("c", order.id) == [1]


@pytest.fixture
def long(world: World, alice: ApiKey, order: Order) -> Order:
    """Return an order with 502 events, and have a connection."""
    now = world.clock.now()
    claimed = world.backend.orders.claim(order.id, "token", now, now + timedelta(seconds=9)).order
    assert claimed is not None
    change = Change.of(claimed)
    while change.after.seq < 502:
        change = change.then(Status.ROUTING, now, Failure("no_venue", "no venue answered"))
    world.backend.orders.save(change)
    world.connect("c", alice)
    return order


@pytest.mark.parametrize(
    ("after_seq", "first", "reads"), [(0, 1, 2), (150, 151, 1), (301, 302, 1), (302, 303, 0), (501, 502, 0)]
)
def test_a_long_history_is_sent_without_a_gap(
    world: World, long: Order, after_seq: int, first: int, reads: int
) -> None:
    world.subscribe("c", long, after_seq)
    assert world.push.seqs("c", long.id) == list(range(first, 503))
    assert world.tape.calls.count("orders.find") == reads


@pytest.mark.parametrize("is_left", [True, False], ids=["its events", "all of it"])
def test_of_what_is_deleted_meanwhile_the_last_events_are_sent(
    world: World, long: Order, is_left: bool
) -> None:
    with patch.object(world.backend.orders, "find", lambda *_: (long, ()) if is_left else None):
        world.subscribe("c", long)
    assert world.push.seqs("c", long.id) == list(range(303, 503))


def test_two_connections_hear_the_same(world: World, alice: ApiKey, order: Order) -> None:
    for one in ("first", "second"):
        world.connect(one, alice)
        world.subscribe(one, order)
    world.settle()
    assert world.push.frames["first"] == world.push.frames["second"]


def test_a_replay_sends_each_event_of_an_order_that_goes_on_once(
    world: World, alice: ApiKey, order: Order
) -> None:
    def kill(call: str) -> None:
        if call == "cluster.send":
            raise world.tape.crash()

    world.tape.observe = kill
    world.deliver()
    world.tape.observe = lambda call: None
    world.open("c", alice, order.id)
    world.replay_events()
    assert world.push.seqs("c", order.id) == [1, 2, 3, 4, 5]


def test_who_has_too_many_connections_is_told_how_many_there_may_be(world: World, alice: ApiKey) -> None:
    watch_orders = replace(world.watch_orders, most=MostConnections(in_all=2, streams=1))
    with world.tape.process():
        watch_orders.connect("first", alice, stream=True, order_id=None)
        with pytest.raises(
            TooManyConnections, match=r"connections with stream=all that .* have, 1, or 2 in all"
        ):
            watch_orders.connect("second", alice, stream=True, order_id=None)
        watch_orders.connect("second", alice, stream=False, order_id=None)
        with pytest.raises(TooManyConnections, match=r"most connections that .* have, 2, or 2 in all"):
            watch_orders.connect("third", alice, stream=False, order_id=None)
