"""Executing, with the ports in memory: the states an order goes through, and what becomes of its message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from dexec.domain.errors import ClusterUnavailable, StoreUnavailable
from dexec.domain.lifecycle import Status
from dexec.usecases.redelivery import Redelivery
from dexec.usecases.report import Report
from tests.proofs.simulation.world import FUNCTION_S, World
from tests.support.executed import ATTEMPT, error, execute, placed, states, stored
from tests.support.fakes import Landing

PENDING, ROUTING, BUILDING = Status.PENDING, Status.ROUTING, Status.BUILDING
SUBMITTED, CONFIRMED, FAILED = Status.SUBMITTED, Status.CONFIRMED, Status.FAILED
SHORT_WAIT_S = 1.0


def test_an_order_is_routed_built_submitted_and_confirmed(world: World) -> None:
    order = placed(world)
    assert execute(world, order) is None
    assert states(world) == [PENDING, *ATTEMPT, CONFIRMED]
    assert world.tape.calls == [
        *("orders.place", "queue.send"),
        *("orders.claim", "venue.read", "venue.read", "cluster.latest_blockhash", "orders.save"),
        *("signer.sign", "orders.save", "cluster.send", "cluster.look", "orders.save"),
    ], "what is signed is stored before it is sent"
    (signed,) = world.signer.signed[order.id]
    assert stored(world).signature == signed.signature
    assert stored(world).lease_token is None
    assert stored(world).error is None


def test_endpoints_are_hinted_at_once_it_is_sent_and_at_its_end(world: World) -> None:
    hinted: list[tuple[str, Status]] = []
    world.execute_order = replace(
        world.execute_order,
        hint=lambda order: hinted.append(("now", order.status)),
        hint_soon=lambda order: hinted.append(("soon", order.status)),
    )
    execute(world, placed(world))
    assert hinted == [("soon", SUBMITTED), ("now", CONFIRMED)]


def test_an_invocation_that_is_about_to_end_begins_nothing(world: World) -> None:
    order = placed(world)
    world.tape.calls.clear()
    redelivery = world.execute_order(order.id, 1, world.clock.now() + timedelta(seconds=3))
    assert redelivery == Redelivery(SHORT_WAIT_S, "this invocation is about to end")
    assert world.tape.calls == ["orders.claim", "orders.release"]


def test_a_run_that_had_the_order_is_reported_and_no_other(world: World) -> None:
    order = placed(world)
    world.clock.advance(3)
    reports: list[Report] = []
    ends_at = world.clock.now() + timedelta(seconds=FUNCTION_S)
    for _ in range(2):
        world.execute_order(order.id, 1, ends_at, reports.append)
    (report,) = reports
    assert [event.seq for event in report.events] == [1, 2, 3, 4, 5, 6]
    assert [event.seq for event in report.own_events] == [2, 3, 4, 5, 6]
    assert (report.claimed.status, report.order.status) == (ROUTING, CONFIRMED)
    assert report.waited == timedelta(seconds=3)
    assert report.push_failures == 0
    later = replace(order, run_at=order.updated_at + timedelta(seconds=1))
    assert replace(report, claimed=later).waited == timedelta(0)


def test_a_report_counts_connections_that_missed_events_and_the_fifth_time_in_a_row_they_are_closed(
    world: World,
) -> None:
    alice = world.client()
    world.connect("socket", alice)
    world.push.failing.add("socket")
    reports: list[Report] = []
    for _ in range(5):
        assert world.backend.watching.connection("socket") is not None
        order = world.place(alice, watcher="socket")
        assert order is not None
        world.execute_order(order.id, 1, world.clock.now() + timedelta(seconds=FUNCTION_S), reports.append)
    assert [report.push_failures for report in reports] == [1] * 5
    assert world.backend.watching.connection("socket") is None


def test_an_order_that_is_over_is_done_with_at_once(world: World) -> None:
    order = placed(world)
    execute(world, order)
    world.tape.calls.clear()
    assert execute(world, order, receives=2) is None
    assert execute(world, replace(order, id="ord_unknown")) is None
    assert world.tape.calls == ["orders.claim", "orders.claim"]


def test_without_a_route_it_is_tried_again_later_and_failed_at_the_third_time(world: World) -> None:
    order = placed(world)
    for venue in world.venues:
        venue.failures = 3
    for delay_s in (1, 2):
        redelivery = execute(world, order)
        assert redelivery is not None
        assert redelivery.delay_s == delay_s
        assert stored(world).run_at == world.clock.now() + timedelta(seconds=delay_s)
        assert stored(world).lease_token is None, "others may have it when it is due"
        world.clock.advance(delay_s)
    assert execute(world, order) is None
    assert states(world) == [PENDING, ROUTING, ROUTING, ROUTING, FAILED]
    assert error(world) == "no_venue"
    assert world.signer.signed == {}


@pytest.mark.parametrize(
    ("landings", "expected"),
    [
        ([Landing.SLIPPED], [PENDING, *ATTEMPT, *ATTEMPT, CONFIRMED]),
        ([Landing.SLIPPED] * 2, [PENDING, *ATTEMPT, *ATTEMPT, *ATTEMPT, CONFIRMED]),
        ([Landing.SLIPPED] * 3, [PENDING, *ATTEMPT, *ATTEMPT, *ATTEMPT, FAILED]),
    ],
    ids=["once", "twice", "three times"],
)
def test_what_slips_is_routed_again_at_once_three_times_in_all(
    world: World, landings: Sequence[Landing], expected: list[Status]
) -> None:
    order = placed(world)
    world.cluster.landings = list(landings)
    assert execute(world, order) is None
    assert states(world) == expected
    assert error(world) == ("slippage_exceeded" if expected[-1] is FAILED else None)
    assert len(world.cluster.fills(order.id)) == (expected[-1] is CONFIRMED)


def test_an_expired_blockhash_is_a_new_attempt_once_the_old_one_cannot_land(world: World) -> None:
    order = placed(world)
    world.cluster.landings = [Landing.DROPPED]
    redelivery = execute(world, order)
    assert redelivery == Redelivery(SHORT_WAIT_S, "this invocation is about to end")
    assert states(world)[-1] is SUBMITTED
    assert stored(world).lease_token is None, "the next one need not wait for the lease to end"
    for _ in range(4):
        world.clock.advance(SHORT_WAIT_S)
        redelivery = execute(world, order)
    assert redelivery is None
    assert states(world) == [PENDING, *ATTEMPT, *ATTEMPT, CONFIRMED]
    first, second = world.signer.signed[order.id]
    assert world.cluster.ruled_out.keys() == {first.signature}
    assert stored(world).signature == second.signature


def test_an_order_that_is_not_due_is_waited_for_or_handed_back(world: World) -> None:
    order = placed(world)
    now = world.clock.now()
    held = world.backend.orders.claim(order.id, "first", now, now + timedelta(seconds=25)).order
    assert held is not None
    world.backend.orders.release(held, now + timedelta(seconds=40))
    assert execute(world, order) == Redelivery(40.0, "not due yet")
    world.clock.advance(40 - SHORT_WAIT_S)
    assert execute(world, order) is None, "the rest is not worth another delivery"
    assert states(world)[-1] is CONFIRMED


def test_an_order_that_another_executor_has_is_handed_back_until_its_lease_ends(world: World) -> None:
    order = placed(world)
    now = world.clock.now()
    world.backend.orders.claim(order.id, "another", now, now + timedelta(seconds=25))
    before = world.backend.audit.histories()
    assert execute(world, order) == Redelivery(25.0, "it is leased by another executor")
    assert world.tape.calls == ["orders.place", "queue.send", "orders.claim"]
    assert world.backend.audit.histories() == before


def test_a_quote_that_grew_too_old_is_asked_for_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    blockhash = world.cluster.latest_blockhash
    asked = []
    for waits_s in (2, 2.001):
        order = placed(world)

        def wait_first(waits_s: float = waits_s) -> object:
            world.clock.advance(waits_s)
            return blockhash()

        monkeypatch.setattr(world.cluster, "latest_blockhash", wait_first)
        world.tape.calls.clear()
        assert execute(world, order) is None
        asked.append(world.tape.calls.count("venue.read"))
    assert asked == [2, 4]


def test_whoever_lost_the_lease_writes_and_sends_nothing_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = placed(world)
    sign = world.signer.sign

    def take_over_first(*given: object) -> object:
        world.clock.advance(26)
        now = world.clock.now()
        world.backend.orders.claim(order.id, "another", now, now + timedelta(seconds=25))
        return sign(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(world.signer, "sign", take_over_first)
    assert execute(world, order) == Redelivery(SHORT_WAIT_S, "the lease was lost")
    assert world.tape.calls[-2:] == ["signer.sign", "orders.save"]
    assert stored(world).lease_token == "another"
    assert not world.cluster.sends


def test_while_paused_or_without_a_key_nothing_is_begun(world: World) -> None:
    alice = world.client()
    order = placed(world)
    world.pause()
    assert execute(world, order) == Redelivery(15, "execution is paused")
    world.resume()
    world.revoke(alice)
    assert execute(world, order) == Redelivery(60, "its client has no valid API key")
    assert states(world) == [PENDING]
    world.restore(alice)
    assert execute(world, order) is None
    assert states(world)[-1] is CONFIRMED


def test_a_pause_while_it_is_routed_stops_it_before_it_is_signed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = placed(world)
    blockhash = world.cluster.latest_blockhash

    def pause_first() -> object:
        world.pause()
        return blockhash()

    monkeypatch.setattr(world.cluster, "latest_blockhash", pause_first)
    assert execute(world, order) is not None
    assert world.signer.signed == {}
    assert states(world) == [PENDING, ROUTING]


@pytest.mark.parametrize(("receives", "base_s"), [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (5, 15), (9, 15)])
def test_an_outage_is_waited_out_without_an_attempt_lost(
    world: World, monkeypatch: pytest.MonkeyPatch, receives: int, base_s: int
) -> None:
    order = placed(world)

    def away(*_: object) -> object:
        raise ClusterUnavailable("the cluster is away")

    with monkeypatch.context() as outage:
        outage.setattr(world.cluster, "latest_blockhash", away)
        redelivery = execute(world, order, receives)
    assert redelivery is not None
    assert base_s < redelivery.delay_s < 1.25 * base_s
    assert stored(world).run_at == world.clock.now() + timedelta(seconds=redelivery.delay_s)
    assert stored(world).lease_token is None
    world.clock.advance(redelivery.delay_s)
    assert execute(world, order, receives + 1) is None
    assert stored(world).attempt == 1


def test_what_could_not_be_delivered_nor_noted_is_delivered_by_another_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = world.client()
    world.connect("socket", alice)
    order = world.place(alice, watcher="socket")
    assert order is not None
    world.push.failing.add("socket")

    def away(*_: object) -> object:
        raise StoreUnavailable("the store is away")

    with monkeypatch.context() as outage:
        outage.setattr(world.backend.watching, "settle", away)
        redelivery = execute(world, order)
    assert redelivery is not None
    assert redelivery.reason == "the store is away"
    assert 1 < redelivery.delay_s < 1.25
    world.push.failing.clear()
    assert execute(world, order) is None
    assert world.push.seqs("socket", order.id) == [1, 2, 3, 4, 5, 6]


def test_a_store_that_is_away_hands_back_what_was_never_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = placed(world)

    def away(*_: object) -> object:
        raise StoreUnavailable("the store is away")

    monkeypatch.setattr(world.backend.orders, "claim", away)
    redelivery = execute(world, order)
    assert redelivery is not None
    assert redelivery.reason == "the store is away"
    assert states(world) == [PENDING]
