"""A store in memory, a scripted market, and functions that watch it: for tests of what waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction

from dexec.bootstrap import Container
from dexec.domain.failure import Failure
from dexec.domain.ids import order_id
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order, Triggered
from dexec.domain.quote import Mode, Pair, PoolSnapshot, RouteRequest
from dexec.domain.waiting.conditions import Stop
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.steps import rest
from dexec.domain.waiting.terms import Terms, Waiting
from dexec.ports import ApiKey, NewOrder
from dexec.settings import Settings
from dexec.usecases.reference import Look, Prices
from dexec.usecases.watch_market import WatchMarket
from tests.proofs.simulation.backend import Backend, in_memory
from tests.support.fakes import START, FakeClock, FakePush, FakeQueue, SameThread

BOOK = Pair("SOL", "USDC")
VENUES = frozenset({"orca", "raydium"})
FIRST_SLOT = 1_000
"""The slot of the market's first second; each has one."""


def price(text: str) -> Price:
    """Return a price in USDC per SOL."""
    return Price(text, BOOK)


def stop(text: str, confirm_ticks: int = 2) -> Terms:
    """Return the terms of a stop."""
    return Terms(stop=Stop(price(text), confirm_ticks=confirm_ticks))


@dataclass
class Market:
    """The venues, one price in USDC per SOL for each second, the last for ever; slots are seconds."""

    clock: FakeClock
    prices: Sequence[int | Fraction | None] = (150,)
    venues: Callable[[int], frozenset[str]] = lambda _: VENUES
    snapshots: tuple[PoolSnapshot, ...] = ()
    mid: Callable[[int], Fraction] | None = None
    took_s: float = 0
    looks: int = 0

    def __call__(self, pairs: Sequence[Pair]) -> Look:
        self.looks += 1
        asked_at = self.clock.now()
        second = int((asked_at - START).total_seconds())
        self.clock.sleep(self.took_s)
        price = self.prices[min(second, len(self.prices) - 1)]
        found = {} if price is None else dict.fromkeys(pairs, self._prices(price, second))
        return Look(asked_at, FIRST_SLOT + second, found, self.venues(second), (), self.snapshots)

    def _prices(self, price: int | Fraction, second: int) -> Prices:
        reference = Fraction(price, 1000)
        return Prices(reference, reference if self.mid is None else self.mid(second))


@dataclass
class Stage:
    """A store in memory, a market, and functions that watch it."""

    prices: Sequence[int | Fraction | None] = (150,)
    backend: Backend = field(default_factory=in_memory)
    settings: Settings = field(default_factory=lambda: Settings.from_environ({}))
    placed: int = 0

    def __post_init__(self) -> None:
        self.clock = FakeClock(START)
        self.queue = FakeQueue(self.clock)
        self.push = FakePush()
        self.market = Market(self.clock, self.prices)
        self.tokens = 0
        for name in ("alice", "bob"):
            self.backend.api_keys.add(ApiKey(f"key of {name}", name, None, None, START))

    def token(self) -> str:
        self.tokens += 1
        return f"token {self.tokens}"

    def function(self) -> WatchMarket:
        threads = SameThread()
        parts = Container(
            self.settings,
            clock=self.clock,
            orders=self.backend.orders,
            watching=self.backend.watching,
            waiting=self.backend.waits,
            queue=self.queue,
            push=self.push,
            new_token=self.token,
            push_threads=threads,
            slow_push_threads=threads,
            push_wait=threads.wait,
            gather_s=0,
        )
        vars(parts)["reference"] = vars(self).get("look", self.market)
        return parts.watch_market

    def watch(self, seconds: float) -> dict[str, int]:
        """Run a function for some ticks; return what it counted."""
        watched = self.function()(0, self.clock.now() + timedelta(seconds=seconds + 3))
        assert watched.errors == []
        return {name: number for name, number in watched.counts.items() if number}

    def place(
        self,
        terms: Terms,
        client_id: str = "alice",
        amount: int = 10**9,
        expires_at: datetime | None = None,
        pair: Pair = BOOK,
    ) -> Order:
        self.placed += 1
        now = self.clock.now()
        one = order_id(now, self.placed.to_bytes(10, "big"))
        request = RouteRequest(Mode.EXACT_IN, pair.token_in, pair.token_out, amount)
        order = Order(one, client_id, None, request, Status.OPEN, 1, 1, now, now, now, now)
        order = replace(order, waiting=Waiting.of(terms), expires_at=expires_at)
        return self.backend.orders.place(NewOrder(order, None, ("h",)), None, None).order

    def rest_again(self, order: Order) -> datetime:
        """Have an executor take an order, and let it rest; return when."""
        now = self.clock.now()
        taken = self.backend.orders.claim(order.id, "executor", now, now + timedelta(seconds=25)).order
        assert taken is not None
        self.backend.orders.save(rest(taken, now, Failure("no_venue", "none")))
        return now

    def read(self, order: Order) -> Order:
        found = self.backend.orders.find(order.id, order.client_id)
        assert found is not None
        return found[0]

    def why(self, order: Order) -> Triggered:
        found = self.backend.orders.find(order.id, order.client_id)
        assert found is not None
        (why,) = [event.detail for event in found[1] if isinstance(event.detail, Triggered)]
        return why

    @property
    def queued(self) -> list[str]:
        return [message.order_id for message in self.queue.messages]
