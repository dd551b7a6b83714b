"""What every implementation of the ``Watching`` port does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dexec.domain.errors import ConnectionUnknown
from dexec.domain.order import Order, confirm, expire, fail
from dexec.domain.withdrawals import BY_CLIENT
from dexec.ports import Connection, Deliveries, MostConnections
from tests.contract.samples import (
    FILL,
    MOST,
    NOW,
    SLOW,
    after,
    claimed,
    connect,
    failure,
    new_order,
    place,
    submitted,
    trading_key,
)
from tests.contract.waiting_samples import LIMIT, bracket, in_every_status
from tests.proofs.simulation.backend import Backend


def ended(store: Backend, watcher: str | None = None) -> Order:
    """Place an order and fail it at once."""
    change = fail(claimed(store, place(store, watcher=watcher)), NOW, failure("x"))
    store.orders.save(change)
    return change.after


def undelivered(store: Backend, limit: int = 10) -> dict[str, set[str]]:
    return {
        order.id: {watcher.connection_id for watcher in watchers}
        for order, _, watchers in store.watching.undelivered(after(15), limit)
    }


def watchers_of(store: Backend, order: Order) -> set[str]:
    answer = store.orders.claim(order.id, "looking", NOW, NOW)
    return {watcher.connection_id for watcher in answer.watchers}


def test_a_connection_is_known_until_it_is_closed(store: Backend) -> None:
    connection = connect(store, "c", stream=True)
    assert store.watching.connection("c") == connection
    store.watching.disconnect("c")
    assert store.watching.connection("c") is None
    store.watching.disconnect("c")


def test_a_clients_streams_are_its_own_while_their_keys_are_valid(store: Backend) -> None:
    connect(store, "one order", stream=False)
    stream = connect(store, "stream", stream=True)
    connect(store, "failing", stream=True)
    connect(store, "bob's", "bob", stream=True)
    store.watching.note_closed((), ["failing"])
    found = {one.connection_id: one.push_failures for one in store.watching.streams("alice")}
    assert found == {"stream": 0, "failing": 1}
    store.api_keys.add(replace(trading_key(), key_hash=stream.key_hash, revoked_at=NOW))
    assert store.watching.streams("alice") == ()


def test_connecting_twice_is_connecting_later(store: Backend) -> None:
    connection = connect(store, "c")
    store.watching.connect(replace(connection, connected_at=after(1)), MOST)
    assert store.watching.connection("c") == replace(connection, connected_at=after(1))


def test_a_client_has_no_more_connections_than_it_may(store: Backend) -> None:
    most = MostConnections(in_all=3, streams=1)
    first = connect(store, "first")

    def connects(connection_id: str, client_id: str = "alice", *, stream: bool = False) -> bool:
        one = replace(first, connection_id=connection_id, client_id=client_id, stream=stream)
        return store.watching.connect(one, most)

    assert connects("stream", stream=True)
    assert not connects("second stream", stream=True)
    assert connects("third")
    assert not connects("fourth")
    assert store.watching.connection("fourth") is None
    assert connects("third"), "it has its place"
    assert connects("stream", stream=True)
    assert connects("bob's", "bob", stream=True), "others have their own"
    store.watching.disconnect("stream")
    assert connects("second stream", stream=True)


def test_watching_gives_the_order_with_its_events(store: Backend) -> None:
    connect(store, "c")
    order = claimed(store, place(store))
    answer = store.watching.watch(order.id, "alice", "c")
    assert answer is not None
    assert answer[0] == order
    assert [event.seq for event in answer[1]] == [1, 2]
    assert watchers_of(store, order) == {"c"}
    assert store.watching.watch(order.id, "alice", "c") == answer
    store.watching.unwatch(order.id, "c")
    assert watchers_of(store, order) == set()


def test_who_watches_one_order_watches_no_other(store: Backend) -> None:
    for name in ("c", "d"):
        connect(store, name)
    order, other = place(store), place(store, watcher="c")
    store.watching.watch(order.id, "alice", "c")
    assert (watchers_of(store, order), watchers_of(store, other)) == ({"c"}, {"c"})
    store.watching.watch(order.id, "alice", "d")
    store.watching.unwatch(order.id, "c")
    assert (watchers_of(store, order), watchers_of(store, other)) == ({"d"}, {"c"})


def test_another_clients_order_cannot_be_watched(store: Backend) -> None:
    connect(store, "c", "bob")
    connect(store, "of alice")
    order = place(store, "alice")
    for connection_id in ("c", "of alice"):
        assert store.watching.watch(order.id, "bob", connection_id) is None
    assert store.watching.watch("ord_" + "0" * 32, "bob", "c") is None
    assert watchers_of(store, order) == set()


def test_a_client_that_is_not_connected_does_not_watch_and_gets_an_error(store: Backend) -> None:
    connect(store, "of bob", "bob")
    order = place(store)
    for connection_id in ("none", "of bob"):
        with pytest.raises(ConnectionUnknown):
            store.watching.watch(order.id, "alice", connection_id)
    assert watchers_of(store, order) == set()


def test_no_order_is_placed_over_a_connection_that_is_not_there(store: Backend) -> None:
    connect(store, "of bob", "bob")
    connect(store, "another")
    for connection_id in ("none", "of bob"):
        for limit in (None, SLOW):
            with pytest.raises(ConnectionUnknown):
                store.orders.place(new_order(key="k"), limit, connection_id)
    assert store.audit.histories() == []
    connect(store, "c")
    starts = [store.orders.place(new_order(), SLOW, "c").order.run_at for _ in range(SLOW.burst)]
    assert starts == [NOW] * SLOW.burst, "what was refused has taken no slot"


def test_an_order_that_stands_is_found_by_its_key_over_a_connection_that_is_not_there(store: Backend) -> None:
    first = store.orders.place(new_order(key="k"), None, None)
    again = store.orders.place(new_order(key="k"), None, "none")
    assert (again.order.id, again.is_new) == (first.order.id, False)


def test_a_revoked_key_hears_nothing_more(store: Backend) -> None:
    connect(store, "c", stream=True)
    order = place(store, watcher="c")
    ended(store, watcher="c")
    key = store.api_keys.find("hash of alice")
    assert key is not None
    store.api_keys.add(replace(key, revoked_at=NOW))
    assert watchers_of(store, order) == set()
    assert not any(undelivered(store).values())


def test_those_who_heard_the_end_are_done(store: Backend) -> None:
    connect(store, "c")
    order = ended(store, watcher="c")
    assert undelivered(store) == {order.id: {"c"}}
    store.watching.settle(Deliveries(order.id, True, delivered=frozenset({"c"})))
    assert undelivered(store) == {}


def test_who_heard_the_end_of_an_order_waits_for_the_end_of_others(store: Backend) -> None:
    for name in ("c", "d", "e"):
        connect(store, name)
    order, other = ended(store, watcher="c"), ended(store, watcher="c")
    store.watching.watch(order.id, "alice", "d")
    store.watching.settle(Deliveries(order.id, True, frozenset({"c"}), missed=frozenset({"d"})))
    assert undelivered(store) == {order.id: {"d"}, other.id: {"c"}}


def test_those_who_heard_a_step_go_on_watching(store: Backend) -> None:
    connect(store, "c")
    order = place(store, watcher="c")
    store.watching.settle(Deliveries(order.id, False, delivered=frozenset({"c"})))
    assert watchers_of(store, order) == {"c"}


def test_watchers_that_missed_the_end_are_notified_later_streams_too(store: Backend) -> None:
    connect(store, "c")
    order = ended(store, watcher="c")
    connect(store, "stream", stream=True)
    missed = Deliveries(order.id, True, missed=frozenset({"c", "stream", "closed"}))
    store.watching.settle(missed)
    assert undelivered(store) == {order.id: {"c", "stream"}}


def test_a_stream_that_is_left_out_of_many_ends_is_notified_later(
    store: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dexec.adapters.postgres.watching.MOST_MISSED", 2)
    connect(store, "c")
    orders = [ended(store, watcher="c"), *(ended(store) for _ in range(2))]
    connect(store, "stream", stream=True)
    missed = [(order.id, to) for order in orders for to in ("stream", "closed")]
    store.watching.watch_later([(orders[0].id, "c"), *missed])
    store.watching.watch_later([])
    assert undelivered(store) == {order.id: {"stream"} for order in orders} | {orders[0].id: {"c", "stream"}}


def test_a_stream_that_missed_nothing_is_not_notified_later(store: Backend) -> None:
    connect(store, "c")
    order = ended(store, watcher="c")
    connect(store, "stream", stream=True)
    assert undelivered(store) == {order.id: {"c"}}


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_a_stream_hears_of_a_cancel_or_an_expiry_though_who_wrote_it_notified_nobody(
    store: Backend, how: str
) -> None:
    """It may have broken off after the commit, and no message goes round of the order."""
    orders = [store.orders.place(bracket(LIMIT), None, None).order for _ in range(2)]
    sent = submitted(store, place(store))
    for one, client_id in (("stream", "alice"), ("her other", "alice"), ("of bob", "bob")):
        connect(store, one, client_id, stream=True)
    connect(store, "no stream")
    store.watching.watch(orders[0].id, "alice", "stream")
    if how == "cancelled":
        # It is executed still, and heard of from its executor.
        cancels = store.control.cancel([sent.id, *(order.id for order in orders)], NOW, BY_CLIENT)
        assert cancels.noted == (sent.id,)
        store.orders.save(confirm(sent, NOW, FILL))
    else:
        store.waits.apply([expire(order, NOW, failure("deadline_passed")) for order in orders])
    ids = {one for order in orders for one in (order.id, order.exit_id)}
    assert undelivered(store) == {one: {"stream", "her other"} for one in ids}
    store.watching.settle(Deliveries(orders[0].id, True, delivered=frozenset({"stream", "her other"})))
    assert undelivered(store).keys() == ids - {orders[0].id}


def test_failures_count_until_they_are_forgiven(store: Backend) -> None:
    for name in ("c", "d"):
        connect(store, name)
    order = place(store, watcher="c")
    store.watching.watch(order.id, "alice", "d")

    def failures() -> dict[str, int]:
        found = store.orders.claim(order.id, "looking", NOW, NOW).watchers
        return {watcher.connection_id: watcher.push_failures for watcher in found}

    store.watching.settle(Deliveries(order.id, False, failed=frozenset({"c"})))
    store.watching.settle(Deliveries(order.id, False, failed=frozenset({"c", "d"})))
    assert failures() == {"c": 2, "d": 1}
    store.watching.settle(Deliveries(order.id, False, delivered=frozenset({"c"}), recovered=frozenset({"c"})))
    assert failures() == {"c": 0, "d": 1}


def test_who_kept_others_waiting_is_a_suspect(store: Backend) -> None:
    for name in ("c", "other"):
        connect(store, name)
    order = place(store, watcher="c")

    def failures() -> int:
        (watcher,) = store.orders.claim(order.id, "looking", NOW, NOW).watchers
        return watcher.push_failures

    slow = Deliveries(order.id, False, delivered=frozenset({"c"}), slow=frozenset({"c"}))
    for _ in range(2):
        store.watching.settle(slow)
        assert failures() == 1, "being slow is not failing again and again"
    store.watching.settle(Deliveries(order.id, False, missed=frozenset({"c"})))
    assert failures() == 1, "its turn has not come"
    store.watching.settle(Deliveries(order.id, False, missed=frozenset({"c"}), overdue=frozenset({"c"})))
    assert failures() == 2
    store.watching.settle(slow)
    assert failures() == 2
    other = store.orders.claim(place(store, watcher="other").id, "looking", NOW, NOW).watchers
    assert [watcher.push_failures for watcher in other] == [0]


def test_a_failing_connection_gets_the_end_later(store: Backend) -> None:
    connect(store, "c")
    order = ended(store, watcher="c")
    store.watching.settle(Deliveries(order.id, True, failed=frozenset({"c"})))
    assert undelivered(store) == {order.id: {"c"}}


def test_gone_connections_are_forgotten_with_all_they_watch(store: Backend) -> None:
    for one in ("gone", "here"):
        connect(store, one)
    order, other = place(store, watcher="gone"), place(store, watcher="gone")
    store.watching.watch(order.id, "alice", "here")
    deliveries = Deliveries(order.id, False, delivered=frozenset({"here"}), gone=frozenset({"gone"}))
    store.watching.settle(deliveries)
    assert watchers_of(store, order) == {"here"}
    assert watchers_of(store, other) == set()
    assert store.watching.connection("gone") is None


def test_settling_nothing_is_nothing(store: Backend) -> None:
    store.watching.settle(Deliveries("ord_" + "0" * 32, False))


def test_undelivered_orders_are_those_that_ended_a_while_ago(store: Backend) -> None:
    connect(store, "c")
    open_order = place(store, watcher="c")
    first, second = ended(store, watcher="c"), ended(store, watcher="c")
    fresh = fail(claimed(store, place(store, watcher="c")), after(16), failure("x"))
    store.orders.save(fresh)
    assert set(undelivered(store)) == {first.id, second.id}
    assert open_order.id not in undelivered(store)
    assert len(undelivered(store, limit=1)) == 1
    (_, events, _), *_ = store.watching.undelivered(after(15), 1)
    assert [event.seq for event in events] == [1, 2, 3]


def test_every_end_is_undelivered(store: Backend) -> None:
    connect(store, "stream", stream=True)
    over = {one.id for one in in_every_status(store).values() if one.is_terminal}
    assert set(undelivered(store)) == over


def test_clients_are_notified_round_robin(store: Backend) -> None:
    connect(store, "a", "alice")
    connect(store, "b", "bob")
    many = [ended(store, watcher="a") for _ in range(4)]
    one = fail(claimed(store, place(store, "bob", "b")), after(5), failure("x"))
    store.orders.save(one)
    first, second, third = [order.id for order, _, _ in store.watching.undelivered(after(15), 3)]
    assert (first, second, third) == (many[0].id, one.after.id, many[1].id)


def test_skipping_a_connection_leaves_out_only_its_own_orders(store: Backend) -> None:
    for name in ("slow", "quick"):
        connect(store, name)
    both, slow = ended(store, watcher="slow"), ended(store, watcher="slow")
    store.watching.watch(both.id, "alice", "quick")
    assert undelivered(store) == {both.id: {"slow", "quick"}, slow.id: {"slow"}}
    found = store.watching.undelivered(after(15), 10, frozenset({"slow"}))
    assert [(order.id, [one.connection_id for one in watchers]) for order, _, watchers in found] == [
        (both.id, ["quick"])
    ]


def test_unreachable_watchers_do_not_delay_the_others(store: Backend) -> None:
    connect(store, "revoked")
    for _ in range(3):
        ended(store, watcher="revoked")
    key = store.api_keys.find("hash of alice")
    assert key is not None
    store.api_keys.add(replace(key, revoked_at=NOW))
    store.api_keys.add(replace(key, key_hash="new key"))
    store.watching.connect(replace(connect_of(store), connection_id="here", key_hash="new key"), MOST)
    last = fail(claimed(store, place(store, watcher="here")), after(1), failure("x"))
    store.orders.save(last)
    store.watching.watch(last.after.id, "alice", "revoked")
    assert undelivered(store, limit=1) == {last.after.id: {"here"}}


def connect_of(store: Backend) -> Connection:
    found = store.watching.connection("revoked")
    assert found is not None
    return found


def test_closed_connections_are_forgotten_and_those_that_would_not_close_come_last(store: Backend) -> None:
    old = connect(store, "old")
    for connection_id, connected_at in (("older", after(-1)), ("oldest", after(-2)), ("new", after(10))):
        store.watching.connect(replace(old, connection_id=connection_id, connected_at=connected_at), MOST)
    order = place(store, watcher="old")
    store.watching.watch(order.id, "alice", "new")
    assert store.watching.stale(after(5), 10) == ("oldest", "older", "old")
    assert store.watching.stale(after(5), 1) == store.watching.stale(after(-2), 10) == ("oldest",)
    store.watching.note_closed(["old"], ["oldest"])
    assert store.watching.stale(after(5), 10) == ("older", "oldest")
    assert watchers_of(store, order) == {"new"}
    assert store.watching.connection("old") is None
    store.watching.note_closed([], [])


def test_watchers_without_a_connection_are_dropped_in_batches(store: Backend) -> None:
    connect(store, "c")
    connect(store, "here")
    orders = [place(store, watcher="c") for _ in range(3)]
    store.watching.watch(orders[0].id, "alice", "here")
    assert store.watching.drop_orphans(2) == 0
    store.audit.lose_connection("c")
    assert [store.watching.drop_orphans(2) for _ in range(3)] == [2, 1, 0]
    assert watchers_of(store, orders[0]) == {"here"}


def test_a_connection_that_watches_more_than_a_transaction_may_change_is_forgotten(store: Backend) -> None:
    """Aurora DSQL refuses a transaction that changes over 3,000 rows: what is left are orphans."""
    connect(store, "c")
    store.audit.watch_many("c", 3_500)
    store.watching.disconnect("c")
    assert store.watching.connection("c") is None
    dropped = [store.watching.drop_orphans(1_000) for _ in range(4)]
    assert max(dropped) <= 1_000
    assert store.audit.is_settled()
