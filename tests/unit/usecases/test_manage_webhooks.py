"""What clients do with their endpoints: ids and secrets, pages, replays, tests, and what is not found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dexec.domain.errors import Invalid, NotFound, TooManyWebhooks
from dexec.domain.lifecycle import Status
from dexec.domain.webhooks import DeliveryState, Recorded, Try, Webhook
from dexec.ports import Hint
from tests.contract.samples import trading_key
from tests.support.fakes import START
from tests.support.hooked import Hooked

NO_WEBHOOK = "^there is no such webhook$"
NO_DELIVERY = "^there is no such delivery of an order that is still kept$"
UNKNOWN = f"hook_{'0' * 32}"


@pytest.fixture
def hooked() -> Hooked:
    return Hooked()


@pytest.fixture
def hook(hooked: Hooked) -> Webhook:
    return hooked.create()


def messages(hooked: Hooked) -> list[tuple[float, Hint]]:
    """Return after how many seconds each message is visible."""
    return [((at - hooked.clock.now()).total_seconds(), hint) for at, hint in hooked.queue.messages]


def counts_up(hooked: Hooked) -> list[int]:
    """Make randomness count up; return a list that gets how many bytes are asked for."""
    asked: list[int] = []

    def randomness(count: int) -> bytes:
        asked.append(count)
        return bytes(range(count))

    hooked.manage = replace(hooked.manage, randomness=randomness)
    return asked


def test_an_endpoint_is_made_of_16_and_32_random_bytes(hooked: Hooked) -> None:
    asked = counts_up(hooked)
    made = hooked.manage.create(trading_key("alice"), "https://a.example", [Status.FAILED])
    assert made == Webhook(
        id="hook_000102030405060708090a0b0c0d0e0f",
        client_id="alice",
        key_hash="trading key of alice",
        url="https://a.example",
        events=frozenset({Status.FAILED}),
        secret="whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        created_at=START,
    )
    assert hooked.manage.of_client("alice") == (made,)
    assert asked == [16, 32]


def test_endpoints_of_no_status_and_of_all_get_every_event(hooked: Hooked) -> None:
    assert hooked.create().events == frozenset()
    assert hooked.create(*Status).events == frozenset()
    but_one = set(Status) - {Status.PENDING}
    assert hooked.create(*but_one).events == but_one


def test_an_endpoint_too_many_is_refused_in_words(hooked: Hooked) -> None:
    hooked.manage = replace(hooked.manage, most=2)
    hooked.create()
    hooked.create()
    words = "^a client may have 2 webhooks, and has as many: delete one of them first$"
    with pytest.raises(TooManyWebhooks, match=words):
        hooked.create()
    hooked.create(client_id="bob")
    assert len(hooked.manage.of_client("alice")) == 2


def test_an_address_that_is_refused_stores_nothing(hooked: Hooked) -> None:
    with pytest.raises(Invalid):
        hooked.create(url="https://169.254.169.254/")
    assert hooked.manage.of_client("alice") == ()


def test_an_endpoint_is_deleted_once_and_by_its_client(hooked: Hooked, hook: Webhook) -> None:
    with pytest.raises(NotFound, match=NO_WEBHOOK):
        hooked.manage.delete(hook.id, "bob")
    assert hooked.manage.of_client("alice") == (hook,)
    hooked.manage.delete(hook.id, "alice")
    assert hooked.manage.of_client("alice") == ()
    for one in (hook.id, "hook_x"):
        with pytest.raises(NotFound, match=NO_WEBHOOK):
            hooked.manage.delete(one, "alice")


@pytest.mark.parametrize("name", ["hook_x", UNKNOWN, "of bob"])
def test_what_a_client_does_not_have_is_not_found(hooked: Hooked, name: str) -> None:
    of_hook = hooked.create(client_id="bob").id if name == "of bob" else name
    for call in (
        lambda: hooked.manage.delete(of_hook, "alice"),
        lambda: hooked.manage.deliveries(of_hook, "alice", None, 1, None),
        lambda: hooked.manage.replay(of_hook, "alice", None),
        lambda: hooked.manage.ping(of_hook, "alice"),
    ):
        with pytest.raises(NotFound, match=NO_WEBHOOK):
            call()
    assert messages(hooked) == []


def test_what_is_no_id_is_not_looked_up(hooked: Hooked, hook: Webhook) -> None:
    odd = replace(hook, id="hook_x")
    assert hooked.backend.webhooks.add(odd, 5)
    for call in (
        lambda: hooked.manage.delete("hook_x", "alice"),
        lambda: hooked.manage.ping("hook_x", "alice"),
    ):
        with pytest.raises(NotFound, match=NO_WEBHOOK):
            call()
    assert odd in hooked.manage.of_client("alice")


def test_a_page_that_holds_all_leads_nowhere(hooked: Hooked, hook: Webhook) -> None:
    order = hooked.execute(hooked.place())
    hooked.work()
    for limit, seqs, cursor in (
        (7, [6, 5, 4, 3, 2, 1], None),
        (6, [6, 5, 4, 3, 2, 1], None),
        (5, [6, 5, 4, 3, 2], f"msg_{order.id}_2"),
        (1, [6], f"msg_{order.id}_6"),
    ):
        page = hooked.manage.deliveries(hook.id, "alice", None, limit, None)
        assert ([one.seq for one in page.deliveries], page.next_cursor) == (seqs, cursor)
    last = hooked.manage.deliveries(hook.id, "alice", None, 1, f"msg_{order.id}_2")
    assert ([one.seq for one in last.deliveries], last.next_cursor) == ([1], None)
    failed = hooked.manage.deliveries(hook.id, "alice", DeliveryState.GIVEN_UP, 9, None)
    assert (failed.deliveries, failed.next_cursor) == ((), None)


def test_a_page_ends_with_its_last_delivery_also_of_another_order(hooked: Hooked, hook: Webhook) -> None:
    older, newer = hooked.place(), hooked.place()
    hooked.execute(older)
    hooked.work()
    page = hooked.manage.deliveries(hook.id, "alice", None, 2, None)
    assert [(one.order_id, one.seq) for one in page.deliveries] == [(newer.id, 1), (older.id, 6)]
    assert page.next_cursor == f"msg_{older.id}_6"


@pytest.mark.parametrize("cursor", ["x", "", "msg_x"])
def test_what_is_no_cursor_is_refused_in_words(hooked: Hooked, hook: Webhook, cursor: str) -> None:
    with pytest.raises(Invalid, match="is not a cursor from a page of deliveries") as refused:
        hooked.manage.deliveries(hook.id, "alice", None, 1, cursor)
    assert "cursor" in vars(refused.value).values()


def test_a_replay_of_one_delivery_sends_one_message(hooked: Hooked, hook: Webhook) -> None:
    order = hooked.execute(hooked.place())
    hooked.work()
    assert hooked.manage.replay(hook.id, "alice", f"msg_{order.id}_3") == 1
    assert messages(hooked) == [(0, Hint(hook.id, order.id, "alice"))]
    hooked.work()
    assert hooked.seqs(order) == [1, 2, 3, 4, 5, 6, 3]


def test_a_replay_of_all_sends_one_message_for_each_order(hooked: Hooked, hook: Webhook) -> None:
    orders = [hooked.execute(hooked.place()) for _ in range(2)]
    hooked.post.answer = lambda _: Try(500, "answered 500")
    hooked.work()
    hooked.pass_time(30 * 3_600, step_s=300)
    hooked.queue.messages.clear()
    assert hooked.manage.replay(hook.id, "alice", None) == 12
    assert messages(hooked) == [(0, Hint(hook.id, order.id, "alice")) for order in orders]
    hooked.queue.messages.clear()
    assert hooked.manage.replay(hook.id, "alice", None) == 0
    assert messages(hooked) == []


def test_a_replay_takes_500_deliveries(hooked: Hooked, hook: Webhook) -> None:
    order = hooked.place()
    hooked.queue.messages.clear()
    at = hooked.clock.now()
    for seq in range(1, 502):
        failed = Recorded(
            hook.id, order.id, seq, "order.pending", DeliveryState.GIVEN_UP, 1, 500, "answered 500", at, at
        )
        hooked.backend.outbox.record_ping(failed, hook, hook)
    assert hooked.manage.replay(hook.id, "alice", None) == 500
    assert hooked.manage.replay(hook.id, "alice", None) == 1
    assert hooked.manage.replay(hook.id, "alice", None) == 0
    assert messages(hooked) == [(0, Hint(hook.id, order.id, "alice"))] * 2


def test_what_cannot_be_replayed_is_not_found(hooked: Hooked, hook: Webhook) -> None:
    order = hooked.place()
    hooked.work()
    ping = hooked.manage.ping(hook.id, "alice")
    hooked.work()
    for delivery in ("", "msg_x", f"msg_{order.id}_2", f"msg_ord_{'0' * 32}_1", ping):
        with pytest.raises(NotFound, match=NO_DELIVERY):
            hooked.manage.replay(hook.id, "alice", delivery)
    assert messages(hooked) == []


def test_a_test_is_a_message_with_an_id_of_16_random_bytes(hooked: Hooked, hook: Webhook) -> None:
    asked = counts_up(hooked)
    ping = "ping_000102030405060708090a0b0c0d0e0f"
    assert hooked.manage.ping(hook.id, "alice") == f"msg_{ping}_1"
    assert messages(hooked) == [(0, Hint(hook.id, ping, "alice"))]
    assert asked == [16]
