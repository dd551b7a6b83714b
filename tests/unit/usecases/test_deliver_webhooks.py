"""Sending an order's events to an endpoint: order, retries, giving up, resting, disabling, fairness."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from dexec.domain.errors import Invalid, NotFound, TooManyWebhooks
from dexec.domain.lifecycle import Status
from dexec.domain.webhooks import MAX_TRIES, DeliveryState, Try, WebhookState
from tests.support.fakes.webhooks import Posted
from tests.support.hooked import URL, Hooked

DOWN = Try(500, "answered 500")
ALL = [1, 2, 3, 4, 5, 6]
"""The events of an order that nothing goes wrong with."""


@pytest.fixture
def hooked() -> Hooked:
    return Hooked()


def state_of(hooked: Hooked, seq: int) -> tuple[DeliveryState, int]:
    (hook,) = hooked.manage.of_client("alice")
    found = hooked.manage.deliveries(hook.id, "alice", None, 100, None).deliveries
    return next((one.state, one.tries) for one in found if one.seq == seq)


def test_every_event_arrives_once_signed_and_in_order(hooked: Hooked) -> None:
    hook = hooked.create()
    order = hooked.place()
    hooked.work()
    assert hooked.seqs(order) == [1], "a waiting order is told of at once"
    hooked.execute(order)
    hooked.work()
    assert hooked.seqs(order) == ALL
    assert all(one.is_signed(hook.secret) and one.url == URL for one in hooked.post.got)
    last = json.loads(hooked.post.got[-1].body)
    assert last["type"] == "order.confirmed"
    assert (last["data"]["orderId"], last["data"]["status"]) == (order.id, "confirmed")
    hooked.pass_time(7_200)
    assert hooked.seqs(order) == ALL
    assert not hooked.queue.messages


def test_an_endpoint_gets_what_it_asked_for(hooked: Hooked) -> None:
    hooked.create(Status.CONFIRMED, Status.FAILED)
    order = hooked.place()
    hooked.execute(order)
    hooked.work()
    assert [one.type for one in hooked.post.got] == ["order.confirmed"]


def test_an_order_without_endpoints_costs_no_message(hooked: Hooked) -> None:
    hooked.create(client_id="bob")
    hooked.execute(hooked.place())
    assert not hooked.queue.messages


def test_messages_that_are_lost_are_made_up_for(hooked: Hooked) -> None:
    hooked.create()
    order = hooked.place()
    hooked.execute(order, hinting=False)
    hooked.queue.messages.clear()
    hooked.pass_time(700)
    assert hooked.seqs(order) == ALL


def test_a_queue_that_is_away_costs_nothing_but_time(hooked: Hooked) -> None:
    hooked.create()
    hooked.queue.is_away = True
    order = hooked.place()
    hooked.execute(order)
    hooked.queue.is_away = False
    hooked.pass_time(700)
    assert hooked.seqs(order) == ALL


def test_what_fails_is_tried_again_and_what_follows_waits(hooked: Hooked) -> None:
    hook = hooked.create()
    hooked.post.answer = lambda posted: DOWN if posted.seq == 2 else Try(200)
    order = hooked.place()
    hooked.execute(order)
    hooked.work()
    assert hooked.seqs(order) == [1, 2]
    assert state_of(hooked, 2) == (DeliveryState.RETRYING, 1)
    hooked.post.answer = lambda _: Try(200)
    hooked.clock.advance(7.1)
    hooked.work()
    assert hooked.seqs(order) == [1, 2, 2, 3, 4, 5, 6]
    assert state_of(hooked, 2) == (DeliveryState.DELIVERED, 2)
    ids = [one.id for one in hooked.post.got if one.seq == 2]
    assert len(set(ids)) == 1, "a try again has the same id"
    stamps = {one.headers["webhook-timestamp"] for one in hooked.post.got if one.seq == 2}
    assert len(stamps) == 2, "and the time of the try"
    assert all(one.is_signed(hook.secret) for one in hooked.post.got)


def test_retry_after_is_respected(hooked: Hooked) -> None:
    hooked.create()
    hooked.post.answer = lambda _: Try(503, "answered 503", 120)
    hooked.place()
    hooked.work()
    hooked.clock.advance(100)
    hooked.work()
    assert len(hooked.post.got) == 1
    hooked.clock.advance(22)
    hooked.work()
    assert len(hooked.post.got) == 2


def test_a_day_of_failures_gives_up_and_a_replay_delivers(hooked: Hooked) -> None:
    hook = hooked.create()
    hooked.post.answer = lambda _: DOWN
    order = hooked.execute(hooked.place())
    hooked.work()
    hooked.pass_time(30 * 3_600, step_s=300)
    tries = hooked.seqs(order)
    assert tries == sorted(tries), "no event overtakes another"
    assert tries.count(1) == MAX_TRIES
    assert [tries.count(seq) for seq in range(2, 7)] == [1] * 5, "the rest gets a try each"
    assert state_of(hooked, 1)[0] is state_of(hooked, 6)[0] is DeliveryState.GIVEN_UP
    hooked.pass_time(2 * 3_600)
    assert hooked.seqs(order) == tries
    hooked.post.answer = lambda _: Try(200)
    assert hooked.manage.replay(hook.id, "alice", None) == 6
    hooked.pass_time(1_000)
    assert hooked.seqs(order)[len(tries) :] == ALL
    assert state_of(hooked, 6)[0] is DeliveryState.DELIVERED


def test_an_endpoint_that_fails_rests_with_all_its_orders(hooked: Hooked) -> None:
    hook = hooked.create()
    hooked.post.answer = lambda _: Try(None, "no answer within 8 s")
    for _ in range(50):
        hooked.place()
    hooked.work()
    assert len(hooked.post.got) == 3, "the other 47 orders are not tried"
    found = hooked.backend.webhooks.find(hook.id)
    assert found is not None
    assert (found.state, found.rests_until) == (
        WebhookState.FAILING,
        hooked.clock.now() + timedelta(seconds=60),
    )
    hooked.pass_time(3_600)
    assert len(hooked.post.got) < 20
    hooked.post.answer = lambda _: Try(200)
    hooked.pass_time(4_000)
    assert len({one.id for one in hooked.post.got}) == 50
    assert hooked.manage.of_client("alice")[0].state is WebhookState.ACTIVE


def test_days_of_failures_disable_and_a_test_enables(hooked: Hooked) -> None:
    hook = hooked.create()
    hooked.post.answer = lambda _: DOWN
    for _ in range(4):
        hooked.place()
        hooked.pass_time(24 * 3_600, step_s=600)
    (found,) = hooked.manage.of_client("alice")
    assert (found.state, found.reason) == (WebhookState.DISABLED, "answered 500")
    assert hooked.sweep(hooked.ends_at).disabled == 1
    before = len(hooked.post.got)
    assert hooked.place().hooks == ()
    hooked.pass_time(3_600)
    assert len(hooked.post.got) == before
    hooked.manage.ping(hook.id, "alice")
    hooked.work()
    assert hooked.manage.of_client("alice")[0].state is WebhookState.DISABLED
    hooked.post.answer = lambda _: Try(200)
    delivery = hooked.manage.ping(hook.id, "alice")
    hooked.work()
    assert hooked.manage.of_client("alice")[0].state is WebhookState.ACTIVE
    assert (hooked.post.got[-1].id, hooked.post.got[-1].type) == (delivery, "webhook.test")
    assert hooked.place().hooks == (hook.id,)


def test_gone_disables_at_once(hooked: Hooked) -> None:
    hooked.create()
    hooked.post.answer = lambda _: Try(410, "answered 410 Gone")
    hooked.execute(hooked.place())
    hooked.work()
    hooked.pass_time(7_200)
    assert len(hooked.post.got) == 1
    assert hooked.manage.of_client("alice")[0].reason == "answered 410 Gone"


def test_a_client_has_two_deliveries_under_way_and_others_are_served() -> None:
    hooked = Hooked()
    for client_id in ("alice", "bob"):
        hooked.create(client_id=client_id, url=f"https://{client_id}.example.com")
    under_way: list[str] = []
    deepest = []

    def slow(posted: Posted) -> Try:
        under_way.append(posted.url)
        deepest.append(under_way.count("https://alice.example.com"))
        # While this one answers, the function handles what else is on the queue.
        hooked.work()
        under_way.pop()
        return Try(200)

    hooked.post.answer = slow
    orders = [hooked.place() for _ in range(6)]
    bobs = hooked.place("bob")
    hooked.work()
    assert max(deepest) == 2
    assert hooked.seqs(bobs) == [1]
    assert not hooked.queue.messages, "what was refused goes round on no queue"
    assert all(hooked.seqs(order) == [1] for order in orders)


def test_an_invocation_ends_in_time_and_the_next_goes_on(hooked: Hooked) -> None:
    hook = hooked.create()

    def slow(_: Posted) -> Try:
        hooked.clock.advance(8)
        return Try(200)

    hooked.post.answer = slow
    order = hooked.execute(hooked.place())
    hooked.queue.messages.clear()
    hooked.deliver(hooked.hint_of(hook, order), hooked.clock.now() + timedelta(seconds=25))
    assert hooked.seqs(order) == [1, 2], "a try begins only where 12 s are left"
    hooked.work()
    assert hooked.seqs(order) == ALL


def test_events_that_come_while_others_are_sent_are_sent_too(hooked: Hooked) -> None:
    hook = hooked.create()
    order = hooked.place()
    hooked.queue.messages.clear()

    def goes_on(posted: Posted) -> Try:
        if posted.seq == 1:
            hooked.execute(order, hinting=False)
        return Try(200)

    hooked.post.answer = goes_on
    hooked.deliver(hooked.hint_of(hook, order), hooked.ends_at)
    assert hooked.seqs(order) == ALL


def test_a_deleted_endpoint_gets_nothing_more(hooked: Hooked) -> None:
    hook = hooked.create()
    hooked.place()
    hooked.manage.delete(hook.id, "alice")
    hooked.work()
    hooked.pass_time(1_000)
    assert hooked.post.got == []


def test_another_clients_endpoint_is_not_found(hooked: Hooked) -> None:
    hook = hooked.create()
    for call in (
        lambda: hooked.manage.delete(hook.id, "bob"),
        lambda: hooked.manage.deliveries(hook.id, "bob", None, 1, None),
        lambda: hooked.manage.replay(hook.id, "bob", None),
        lambda: hooked.manage.ping(hook.id, "bob"),
        lambda: hooked.manage.ping("hook_x", "alice"),
        lambda: hooked.manage.replay(hook.id, "alice", "msg_x"),
        lambda: hooked.manage.replay(hook.id, "alice", f"msg_ping_{'0' * 32}_1"),
    ):
        with pytest.raises(NotFound):
            call()
    with pytest.raises(Invalid, match="cursor"):
        hooked.manage.deliveries(hook.id, "alice", None, 1, "x")


def test_endpoints_are_limited_and_checked(hooked: Hooked) -> None:
    with pytest.raises(Invalid, match="not a public address"):
        hooked.create(url="https://169.254.169.254/")
    for _ in range(5):
        hooked.create()
    with pytest.raises(TooManyWebhooks, match="5 webhooks"):
        hooked.create()


def test_all_statuses_named_are_all_events(hooked: Hooked) -> None:
    assert hooked.create(*Status).events == frozenset()


def test_a_page_of_deliveries_leads_to_the_next(hooked: Hooked) -> None:
    hook = hooked.create()
    hooked.execute(hooked.place())
    hooked.work()
    first = hooked.manage.deliveries(hook.id, "alice", None, 3, None)
    assert [one.seq for one in first.deliveries] == [6, 5, 4]
    rest = hooked.manage.deliveries(hook.id, "alice", None, 3, first.next_cursor)
    assert ([one.seq for one in rest.deliveries], rest.next_cursor) == ([3, 2, 1], None)


def test_old_records_go(hooked: Hooked) -> None:
    hooked.create()
    hooked.execute(hooked.place())
    hooked.work()
    hooked.clock.advance(30 * 86_400 + 1)
    assert hooked.sweep(hooked.ends_at).forgotten == 6
