"""When a sender tries, and when again: the figures of its schedule, leases and time limits, spelled out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from dexec.domain.lifecycle import Status
from dexec.domain.order import Order, build
from dexec.domain.webhooks import DeliveryState, Recorded, Try, Webhook
from dexec.ports import Hint, Line, Outbox
from dexec.usecases.deliver_webhooks import Sent
from tests.contract.samples import ROUTE, trading_key
from tests.support.fakes.webhooks import Posted
from tests.support.hooked import Hooked

OK = Try(200)
DOWN = Try(500, "answered 500")
GONE = Try(410, "answered 410 Gone")
MINUTE = timedelta(seconds=60)


@dataclass
class Between:
    """An ``Outbox``: ``then`` gets the arguments of each call of ``method``, after it."""

    inner: Outbox
    method: str
    then: Callable[..., object]

    def __getattr__(self, name: str) -> object:
        method = getattr(self.inner, name)

        def call(*args: object) -> object:
            result = method(*args)
            self.then(*args)
            return result

        return call if name == self.method else method


@pytest.fixture
def hooked() -> Hooked:
    """Return a sender whose pauses are not prolonged."""
    hooked = Hooked()
    hooked.deliver = replace(hooked.deliver, jitter=lambda: 0.0)
    return hooked


@pytest.fixture
def hook(hooked: Hooked) -> Webhook:
    return hooked.create()


def after(hooked: Hooked, method: str, then: Callable[..., object]) -> None:
    object.__setattr__(hooked.deliver, "outbox", Between(hooked.backend.outbox, method, then))


def pauses_of(hooked: Hooked) -> list[tuple[float, float]]:
    """Return a list that gets, in seconds, when a line is due again, and when its message comes."""
    found: list[tuple[float, float]] = []

    def then(_: Line, *times: object) -> None:
        due_s, queued_s = ((one - hooked.clock.now()).total_seconds() for one in times)  # type: ignore[operator]
        found.append((due_s, queued_s))

    after(hooked, "retry", then)
    return found


def placed(hooked: Hooked, *, ended: bool = False) -> Order:
    """Return an order that no message tells of."""
    order = hooked.place()
    if ended:
        order = hooked.execute(order)
    hooked.queue.messages.clear()
    return order


def messages(hooked: Hooked) -> list[float]:
    """Return after how many seconds each message is visible."""
    return [(at - hooked.clock.now()).total_seconds() for at, _ in hooked.queue.messages]


def send(hooked: Hooked, hook: Webhook, order: Order, within_s: float = 60) -> Sent:
    return hooked.deliver(hooked.hint_of(hook, order), hooked.clock.now() + timedelta(seconds=within_s))


def test_the_pauses_between_the_tries_of_a_delivery(hooked: Hooked, hook: Webhook) -> None:
    hooked.post.answer = lambda _: DOWN
    pauses = pauses_of(hooked)
    order = placed(hooked, ended=True)
    for _ in range(8):
        send(hooked, hook, order)
        hooked.clock.advance(pauses[-1][0] - 0.001)
        before = len(hooked.post.got)
        send(hooked, hook, order)
        assert len(hooked.post.got) == before, "it is not due yet"
        hooked.clock.advance(0.001)
    # After the eighth the next event waits as long as its endpoint rests. The sweeper queues what is far off.
    assert pauses == [
        (5, 5), (300, 300), (1_800, 0), (7_200, 0), (18_000, 0), (36_000, 0), (21_600, 0), (900, 0),
    ]  # fmt: skip
    assert hooked.seqs(order) == [1] * 8
    hooked.post.answer = lambda _: OK
    assert send(hooked, hook, order) == Sent(5, 0, 0)
    assert hooked.seqs(order)[8:] == [2, 3, 4, 5, 6]


def test_what_is_given_up_delays_nothing_of_an_endpoint_that_works(hooked: Hooked, hook: Webhook) -> None:
    order = placed(hooked, ended=True)
    bad = f"msg_{order.id}_1"
    hooked.post.answer = lambda posted: DOWN if posted.id == bad else OK
    for _ in range(8):
        send(hooked, hook, order)
        send(hooked, hook, placed(hooked))
        hooked.clock.advance(36_000)
    assert hooked.seqs(order) == [1] * 8 + [2, 3, 4, 5, 6]


def test_an_endpoint_that_goes_at_the_last_try_gets_nothing_more(hooked: Hooked, hook: Webhook) -> None:
    pauses = pauses_of(hooked)
    order = placed(hooked, ended=True)
    bad = f"msg_{order.id}_1"
    last = DOWN
    hooked.post.answer = lambda posted: last if posted.id == bad else OK
    for _ in range(7):
        send(hooked, hook, order)
        send(hooked, hook, placed(hooked))
        hooked.clock.advance(36_000)
    hooked.queue.messages.clear()
    last = GONE
    send(hooked, hook, order)
    assert hooked.seqs(order) == [1] * 8
    assert pauses[-1] == (0, 0)
    assert messages(hooked) == []


def test_a_pause_is_up_to_a_tenth_longer(hooked: Hooked, hook: Webhook) -> None:
    hooked.deliver = replace(hooked.deliver, jitter=lambda: 0.5)
    hooked.post.answer = lambda _: DOWN
    pauses = pauses_of(hooked)
    send(hooked, hook, placed(hooked))
    assert pauses == [(5.25, 5.25)]
    assert messages(hooked) == [7], "just after"


@pytest.mark.parametrize(
    ("asked_s", "due_s", "message_s"),
    [
        (None, 5, 6), (0, 5, 6), (3, 5, 6), (6, 6, 7), (899, 899, 900),
        (900, 900, None), (3_599, 3_599, None), (3_600, 3_600, None), (3_601, 3_600, None),
    ],
)  # fmt: skip
def test_retry_after_prolongs_a_pause_up_to_an_hour(
    hooked: Hooked, hook: Webhook, asked_s: int | None, due_s: float, message_s: float | None
) -> None:
    hooked.post.answer = lambda _: Try(503, "answered 503", asked_s)
    pauses = pauses_of(hooked)
    send(hooked, hook, placed(hooked))
    assert pauses == [(due_s, 0 if message_s is None else due_s)]
    assert messages(hooked) == ([] if message_s is None else [message_s])


def test_a_rest_prolongs_a_pause(hooked: Hooked, hook: Webhook) -> None:
    hooked.post.answer = lambda _: DOWN
    pauses = pauses_of(hooked)
    orders = [placed(hooked) for _ in range(3)]
    for order in orders:
        send(hooked, hook, order)
    assert pauses == [(5, 5), (5, 5), (60, 60)]
    hooked.queue.messages.clear()
    assert send(hooked, hook, orders[0]) == Sent(0, 0, 0)
    hooked.clock.advance(59)
    assert send(hooked, hook, orders[0]) == Sent(0, 0, 0)
    assert messages(hooked) == [], "what rests is left to the sweeper"
    hooked.clock.advance(1)
    hooked.post.answer = lambda _: OK
    assert send(hooked, hook, orders[0]) == Sent(3, 0, 0), "and with it all that waited"


def test_where_the_queue_is_away_the_sweeper_is_asked_to_look(hooked: Hooked, hook: Webhook) -> None:
    hooked.post.answer = lambda _: DOWN
    pauses = pauses_of(hooked)
    order = placed(hooked)
    hooked.queue.is_away = True
    send(hooked, hook, order)
    assert pauses == [(5, 0)]


def test_a_disabled_endpoint_is_sent_no_message(hooked: Hooked, hook: Webhook) -> None:
    hooked.post.answer = lambda _: GONE
    pauses = pauses_of(hooked)
    assert send(hooked, hook, placed(hooked)) == Sent(0, 1, 1)
    assert pauses == [(5, 0)]
    assert messages(hooked) == []


@pytest.mark.parametrize(("waited_s", "expected"), [(2.9, []), (3, [3]), (3.5, [3]), (4.5, [2])])
def test_what_is_due_within_two_seconds_comes_again_by_itself(
    hooked: Hooked, hook: Webhook, waited_s: float, expected: list[float]
) -> None:
    hooked.post.answer = lambda _: DOWN
    order = placed(hooked)
    send(hooked, hook, order)
    hooked.queue.messages.clear()
    hooked.clock.advance(waited_s)
    assert send(hooked, hook, order) == Sent(0, 0, 0)
    assert messages(hooked) == expected


@pytest.mark.parametrize(("left_s", "sent", "expected"), [(11.999, [], [0]), (12, [1], [])])
def test_nothing_is_begun_with_less_than_twelve_seconds_left(
    hooked: Hooked, hook: Webhook, left_s: float, sent: list[int], expected: list[float]
) -> None:
    order = placed(hooked)
    assert send(hooked, hook, order, left_s) == Sent(len(sent), 0, 0)
    assert hooked.seqs(order) == sent
    assert messages(hooked) == expected
    assert all(hint == hooked.hint_of(hook, order) for _, hint in hooked.queue.messages)


def test_events_for_which_there_is_no_time_follow_at_once(hooked: Hooked, hook: Webhook) -> None:
    def slow(_: Posted) -> Try:
        hooked.clock.advance(48.001)
        return OK

    hooked.post.answer = slow
    pauses = pauses_of(hooked)
    order = placed(hooked, ended=True)
    assert send(hooked, hook, order) == Sent(1, 0, 0)
    assert pauses == [(0, 0)]
    assert messages(hooked) == [0], "one message takes the place of one"
    assert send(hooked, hook, order) == Sent(1, 0, 0), "by whoever comes"


def test_a_sender_goes_on_with_what_else_its_client_waits_for(hooked: Hooked, hook: Webhook) -> None:
    first, second = placed(hooked), placed(hooked)
    assert send(hooked, hook, first) == Sent(2, 0, 0)
    assert (hooked.seqs(first), hooked.seqs(second)) == ([1], [1])
    assert messages(hooked) == []


def test_what_else_waits_gets_a_message_where_there_is_no_time(hooked: Hooked, hook: Webhook) -> None:
    def slow(_: Posted) -> Try:
        hooked.clock.advance(50)
        return OK

    hooked.post.answer = slow
    first, second = placed(hooked), placed(hooked)
    assert send(hooked, hook, first) == Sent(1, 0, 0)
    assert [hint for _, hint in hooked.queue.messages] == [hooked.hint_of(hook, second)]
    assert messages(hooked) == [0]


def test_a_message_for_a_line_that_is_not_there_leads_to_nothing(hooked: Hooked, hook: Webhook) -> None:
    waiting = placed(hooked)
    assert hooked.deliver(Hint(hook.id, f"ord_{'0' * 32}", "alice"), hooked.ends_at) == Sent(0, 0, 0)
    assert hooked.seqs(waiting) == []


def test_a_line_that_another_sender_took_over_does_not_end_the_work(hooked: Hooked, hook: Webhook) -> None:
    first, second = placed(hooked), placed(hooked)

    def goes_on(posted: Posted) -> Try:
        if first.id in posted.id:
            hooked.execute(first, hinting=False)
        return OK

    def another(_: Line) -> None:
        now = hooked.clock.now()
        hooked.backend.outbox.take(hooked.hint_of(hook, first), "another", now, now + MINUTE, 2)

    hooked.post.answer = goes_on
    after(hooked, "leave", another)
    assert send(hooked, hook, first) == Sent(2, 0, 0)
    assert (hooked.seqs(first), hooked.seqs(second)) == ([1], [1])


@pytest.mark.parametrize("end", ["over", "waits", "lost"])
def test_a_line_that_is_done_with_is_not_taken_again(hooked: Hooked, hook: Webhook, end: str) -> None:
    order = placed(hooked, ended=True)
    taken: list[Hint] = []

    def answer(_: Posted) -> Try:
        if end == "lost":
            hooked.clock.advance(80)
            now = hooked.clock.now()
            hooked.backend.outbox.take(hooked.hint_of(hook, order), "another", now, now + MINUTE, 2)
        return DOWN if end == "waits" else OK

    hooked.post.answer = answer
    after(hooked, "take", lambda hint, *_: taken.append(hint))
    send(hooked, hook, order, 600)
    assert hooked.seqs(order) == ([1, 2, 3, 4, 5, 6] if end == "over" else [1])
    hint = hooked.hint_of(hook, order)
    assert taken == [hint]
    now = hooked.clock.now() + 2 * MINUTE
    is_left = hooked.backend.outbox.take(hint, "the next", now, now + MINUTE, 2) is not None
    assert is_left is (end != "over")


@pytest.mark.parametrize(("frozen_s", "sent"), [(74.999, [1]), (75, [1, 1])])
def test_a_line_is_its_senders_for_75_seconds(
    hooked: Hooked, hook: Webhook, frozen_s: float, sent: list[int]
) -> None:
    order = placed(hooked)

    def frozen(_: Posted) -> Try:
        hooked.post.answer = lambda _: OK
        hooked.clock.advance(frozen_s)
        send(hooked, hook, order)
        return OK

    hooked.post.answer = frozen
    send(hooked, hook, order, 600)
    assert hooked.seqs(order) == sent


def test_events_that_are_not_wanted_are_passed_over(hooked: Hooked) -> None:
    hook = hooked.create(Status.CONFIRMED)
    order = placed(hooked)
    now = hooked.clock.now()
    claimed = hooked.backend.orders.claim(order.id, "executor", now, now + MINUTE).order
    assert claimed is not None
    built = hooked.backend.orders.save(build(claimed, now, ROUTE))
    assert built is not None
    left: list[int] = []
    after(hooked, "leave", lambda line: left.append(line.sent_seq))
    assert send(hooked, hook, order) == Sent(0, 0, 0)
    assert left == [4]


def test_a_try_is_recorded_with_its_beginning_and_rests_from_its_end(hooked: Hooked, hook: Webhook) -> None:
    def slow(_: Posted) -> Try:
        hooked.clock.advance(8)
        return DOWN

    order, began_at = placed(hooked), hooked.clock.now()
    hooked.post.answer = slow
    pauses = pauses_of(hooked)
    assert send(hooked, hook, order) == Sent(0, 1, 0)
    assert pauses == [(5, 5)]
    expected = Recorded(
        hook.id, order.id, 1, "order.pending", DeliveryState.RETRYING, 1, 500, "answered 500",
        began_at, began_at,
    )  # fmt: skip
    assert hooked.manage.deliveries(hook.id, "alice", None, 9, None).deliveries == (expected,)
    (failing,) = hooked.manage.of_client("alice")
    assert failing.failing_since == began_at + timedelta(seconds=8)


@pytest.mark.parametrize(
    ("answer", "state", "expected"),
    [
        (OK, DeliveryState.DELIVERED, Sent(1, 0, 0)),
        (DOWN, DeliveryState.GIVEN_UP, Sent(0, 1, 0)),
        (GONE, DeliveryState.GIVEN_UP, Sent(0, 1, 0)),
    ],
)
def test_a_test_is_sent_once_and_recorded(
    hooked: Hooked, hook: Webhook, answer: Try, state: DeliveryState, expected: Sent
) -> None:
    waiting = placed(hooked)
    hooked.post.answer = lambda _: answer
    ping = Hint(hook.id, f"ping_{'0' * 32}", "alice")
    at = hooked.clock.now()
    assert hooked.deliver(ping, hooked.ends_at) == expected
    assert [one.id for one in hooked.post.got] == [f"msg_ping_{'0' * 32}_1"]
    assert hooked.manage.deliveries(hook.id, "alice", None, 9, None).deliveries == (
        Recorded(hook.id, ping.order_id, 1, "webhook.test", state, 1, answer.answer, answer.error, at, at),
    )
    assert hooked.manage.of_client("alice") == (hook,), "one that fails says nothing about orders"
    assert hooked.seqs(waiting) == []
    assert messages(hooked) == []


def test_a_test_of_a_disabled_endpoint_is_counted_with_those(hooked: Hooked, hook: Webhook) -> None:
    hooked.post.answer = lambda _: GONE
    send(hooked, hook, placed(hooked))
    assert hooked.deliver(Hint(hook.id, f"ping_{'0' * 32}", "alice"), hooked.ends_at) == Sent(0, 1, 1)


def test_an_endpoint_whose_key_was_revoked_gets_no_test(hooked: Hooked, hook: Webhook) -> None:
    hooked.backend.api_keys.add(replace(trading_key("alice"), revoked_at=hooked.clock.now()))
    assert hooked.deliver(Hint(hook.id, f"ping_{'0' * 32}", "alice"), hooked.ends_at) == Sent(0, 0, 0)
    assert hooked.post.got == []


def test_an_endpoint_that_was_deleted_gets_no_test(hooked: Hooked, hook: Webhook) -> None:
    hooked.manage.delete(hook.id, "alice")
    assert hooked.deliver(Hint(hook.id, f"ping_{'0' * 32}", "alice"), hooked.ends_at) == Sent(0, 0, 0)
    assert hooked.post.got == []
