"""Orders of a client with an endpoint, and a sender of webhooks, over any store and without a network."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from dexec.bootstrap import Container
from dexec.domain.errors import CommitUnknown, StoreUnavailable
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order, build, confirm, submit
from dexec.domain.webhooks import Webhook
from dexec.ports import Hint, Outbox
from dexec.settings import Settings
from dexec.usecases.hint_webhooks import HintWebhooks
from tests.contract.samples import FILL, ROUTE, TRANSACTION, new_order, trading_key
from tests.proofs.simulation.backend import Backend, in_memory
from tests.support.fakes import FakeClock, FakeHookQueue, FakePost, SameThread

INVOCATION_S = 60
URL = "https://example.com/hook"


class Killed(BaseException):
    """The sender's process dies here."""


@dataclass
class Faulty:
    """An ``Outbox`` whose calls fail as a list of choices says, before or after they had their effect."""

    inner: Outbox
    faults: list[str]

    def __getattr__(self, name: str) -> object:
        method = getattr(self.inner, name)

        def call(*args: object) -> object:
            fault = self.faults.pop() if self.faults else ""
            if fault == "down":
                raise StoreUnavailable("down")
            if fault == "killed before":
                raise Killed
            result = method(*args)
            if fault == "killed after":
                raise Killed
            if fault == "unknown":
                raise CommitUnknown("lost")
            return result

        return call


@dataclass
class Hooked:
    """A store, an endpoint's answers, a queue, and the use cases of webhooks."""

    backend: Backend = field(default_factory=in_memory)
    post: FakePost = field(default_factory=FakePost)
    seed: int = 1

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.queue = FakeHookQueue(self.clock)
        self.random = Random(self.seed)
        self.backend.api_keys.add(trading_key("alice"))
        self.backend.api_keys.add(trading_key("bob"))
        parts = Container(
            Settings.from_environ({}),
            clock=self.clock,
            orders=self.backend.orders,
            webhooks=self.backend.webhooks,
            outbox=self.backend.outbox,
            hook_queue=self.queue,
            post=self.post,
            jitter=self.random.random,
            new_token=lambda: self.random.randbytes(8).hex(),
        )
        self.deliver = parts.deliver_webhooks
        self.manage = replace(parts.manage_webhooks, randomness=self.random.randbytes)
        self.sweep = parts.sweep_webhooks
        self.hint = HintWebhooks(self.queue, SameThread())

    def create(self, *events: Status, client_id: str = "alice", url: str = URL) -> Webhook:
        """Store an endpoint."""
        return self.manage.create(trading_key(client_id), url, events)

    def place(self, client_id: str = "alice") -> Order:
        """Place an order and hint at it."""
        new = new_order(client_id, now=self.clock.now())
        order = self.backend.orders.place(new, None, None).order
        self.hint(order)
        return order

    def execute(self, order: Order, *, hinting: bool = True) -> Order:
        """Take an order to its end, with its six events."""
        store, now = self.backend.orders, self.clock.now()
        claimed = store.claim(order.id, "executor", now, now + timedelta(seconds=25)).order
        assert claimed is not None
        building = build(claimed, now, ROUTE)
        submitted = submit(building.after, now, TRANSACTION)
        confirmed = confirm(submitted.after, now, FILL)
        for change in (building, submitted, confirmed):
            store.save(change)
        if hinting:
            self.hint(confirmed.after)
        return confirmed.after

    @property
    def ends_at(self) -> datetime:
        return self.clock.now() + timedelta(seconds=INVOCATION_S)

    def work(self) -> None:
        """Handle the messages that are visible, until there is none."""
        while (message := self.queue.receive()) is not None:
            self.deliver(message, self.ends_at)

    def pass_time(self, seconds: float, step_s: float = 60) -> None:
        """Let time pass, with a sweep every minute and messages handled as they show."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while self.clock.now() < end:
            self.clock.advance(min(step_s, (end - self.clock.now()).total_seconds()))
            self.sweep(self.ends_at)
            self.work()

    def survive(self, hours: int) -> None:
        """Let hours pass; each sender that dies is followed by another, and its message returns."""
        for _ in range(hours * 6):
            self.clock.advance(600)
            self.sweep(self.ends_at)
            while (message := self.queue.receive()) is not None:
                try:
                    self.deliver(message, self.ends_at)
                except (Killed, StoreUnavailable, CommitUnknown):
                    self.queue.send(message, 90)

    def seqs(self, order: Order) -> list[int]:
        """Return which events of an order were sent, in order."""
        return [one.seq for one in self.post.got if order.id in one.id]

    def hint_of(self, hook: Webhook, order: Order) -> Hint:
        return Hint(hook.id, order.id, hook.client_id)
