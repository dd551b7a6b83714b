"""Messages to the sender of webhooks: one for each endpoint of an order; none can fail a caller."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace

from dexec.domain.errors import QueueUnavailable
from dexec.ports import Hint
from dexec.usecases.hint_webhooks import HintWebhooks
from tests.contract.samples import new_order

BARE = new_order().order
HOOKED = replace(BARE, hooks=("hook_a", "hook_b"))
BOTH = [(Hint("hook_a", BARE.id, "alice"), 0), (Hint("hook_b", BARE.id, "alice"), 0)]


@dataclass
class Sends:
    """A queue that is away for one endpoint."""

    away: str = ""
    sent: list[tuple[Hint, int]] = field(default_factory=list)

    def send(self, hint: Hint, delay_s: int) -> None:
        if hint.hook_id == self.away:
            raise QueueUnavailable("away")
        self.sent.append((hint, delay_s))


class Later(Executor):
    """Runs nothing until it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], object]] = []

    def submit(self, fn: Callable[..., object], /, *args: object, **kwargs: object) -> Future[object]:  # type: ignore[override]
        self.waiting.append(lambda: fn(*args, **kwargs))
        return Future()


def test_each_endpoint_of_an_order_gets_a_message_at_once() -> None:
    queue, threads = Sends(), Later()
    HintWebhooks(queue, threads)(HOOKED)
    assert queue.sent == BOTH
    assert threads.waiting == []


def test_a_message_that_fails_neither_raises_nor_costs_the_next() -> None:
    queue = Sends(away="hook_a")
    HintWebhooks(queue, Later())(HOOKED)
    assert queue.sent == BOTH[1:]


def test_messages_are_sent_beside_what_the_caller_does_next() -> None:
    queue, threads = Sends(), Later()
    HintWebhooks(queue, threads).soon(HOOKED)
    assert queue.sent == []
    (run,) = threads.waiting
    run()
    assert queue.sent == BOTH


def test_an_order_without_endpoints_costs_nothing() -> None:
    queue, threads = Sends(), Later()
    hint = HintWebhooks(queue, threads)
    hint(BARE)
    hint.soon(BARE)
    assert (queue.sent, threads.waiting) == ([], [])
