"""Random histories of orders that wait, on PostgreSQL: every type, cancelled, amended, expired, halted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from dexec.domain.lifecycle import RESTING, Status
from dexec.domain.order import Order
from dexec.domain.quote import Mode, Pair, RouteRequest
from dexec.domain.waiting.amendment import Given
from dexec.domain.waiting.conditions import Limit, PriceType, Stop, Trail
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.terms import Terms, TimeInForce
from tests.conftest import Connecting
from tests.proofs.exactly_once.histories import CLIENTS, Histories, play_histories
from tests.proofs.simulation.invariants import check_now
from tests.proofs.simulation.waits import BACK, BOOK, TOO_MUCH
from tests.support.soak import SOAK

EXAMPLES = 10_000 if SOAK else 8
STEPS = 40 if SOAK else 25
KINDS = ("limit", "stop", "stop-limit", "trail", "asleep", "oco", "oco of a trail")
SELL = RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 700_000_000)
BUYS = (
    RouteRequest(Mode.EXACT_IN, "USDC", "SOL", 150_000_000),
    RouteRequest(Mode.EXACT_OUT, "USDC", "SOL", 600_000_000),
)
FACTORS = tuple(Fraction(ppm, 1_000) for ppm in (700, 880, 950, 985, 999, 1_001, 1_015, 1_050, 1_130, 1_400))

clients, ratios = st.sampled_from(CLIENTS), st.sampled_from((2, 5, 20, 60, 150))
"""How far a price is from the market, in thousandths."""


class WaitingHistories(Histories):
    """Clients, prices, ticks, messages, crashes and time, in any order."""

    steps: ClassVar[Counter[tuple[Status, Status]]] = Counter()
    drains = False

    def watch_paths(self) -> None:
        """Check nothing on the way: the model of market orders has no such paths."""

    def place_first(self, orders: int) -> None:
        """Place market orders, and one that waits."""
        super().place_first(orders)
        self.world.place(self.keys[CLIENTS[0]], SELL, terms=self._terms("limit", BOOK, 60, 1))

    @initialize(drains=st.booleans())
    def choose_the_end(self, drains: bool) -> None:
        """Choose whether every order has its price at the end, or what is left is cancelled."""
        self.drains = drains

    # --- orders --------------------------------------------------------------------------------------

    def _price(self, pair: Pair, better: int) -> Price:
        """Return a price that is better than the market's, or worse, by thousandths."""
        worth = 150 * self.world.market.worth.get("SOL", Fraction(1))
        factor = Fraction(1_000 + better, 1_000)
        value = worth / factor if pair == BACK else worth * factor
        return Price(f"{float(value):.6f}", pair, of_out=pair == BACK)

    def _terms(self, kind: str, pair: Pair, far: int, ticks: int, *, ioc: bool = False) -> Terms:
        price_type = PriceType.MID if far % 20 else PriceType.REFERENCE
        stop: Stop | Trail = Stop(self._price(pair, -far), price_type, ticks)
        if kind in ("trail", "asleep", "oco of a trail"):
            activation = self._price(pair, far) if kind == "asleep" else None
            stop = Trail(10 * far, activation, price_type, ticks)
        return Terms(
            Limit(self._price(pair, far)) if kind in ("limit", "oco", "oco of a trail") else None,
            None if kind == "limit" else stop,
            self._price(pair, -far - 10) if kind == "stop-limit" else None,
            TimeInForce.IOC if ioc else TimeInForce.GTC,
            pair == BACK,
        )

    @rule(
        name=clients,
        request=st.sampled_from((SELL, SELL, *BUYS, TOO_MUCH)),
        kind=st.sampled_from((None, *KINDS)),
        exits=st.sampled_from((None, None, *KINDS[:2], *KINDS[3:])),
        far=ratios,
        ticks=st.integers(1, 3),
        ioc=st.booleans(),
        expires_s=st.sampled_from((None, None, 3, 20, 90)),
        met=st.booleans(),
        again=st.booleans(),
    )
    def place_what_waits(  # noqa: PLR0917 - hypothesis gives them by name
        self,
        name: str,
        request: RouteRequest,
        kind: str | None,
        exits: str | None,
        far: int,
        ticks: int,
        ioc: bool,
        expires_s: float | None,
        met: bool,
        again: bool,
    ) -> None:
        pair = Pair(request.token_in, request.token_out)
        terms = None if kind is None else self._terms(kind, pair, far, ticks, ioc=ioc and kind == "limit")
        if terms is not None and terms.limit is not None and terms.stop is None and met:
            terms = replace(terms, limit=Limit(self._price(pair, -far)))
        back = None if exits is None else self._terms(exits, BOOK if pair == BACK else BACK, 2 * far, ticks)
        watcher, key = self._connection(name), f"key {self.connections}"
        for _ in range(1 + again):
            self.world.place(
                self.keys[name],
                request,
                terms=terms,
                exits=back,
                key=key,
                watcher=watcher,
                expires_s=None if again else expires_s,
            )

    def _one(self, n: int) -> Order | None:
        orders = [order for order in self.orders() if not order.is_terminal]
        return orders[n % len(orders)] if orders else None

    @rule(n=st.integers(0, 20))
    def cancel_one(self, n: int) -> None:
        if (order := self._one(n)) is not None:
            self.world.cancel_one(self.keys[order.client_id], order)

    @rule(
        n=st.integers(0, 20), far=ratios, what=st.sampled_from(("price", "stop", "trail", "expiry", "amount"))
    )
    def amend(self, n: int, far: int, what: str) -> None:
        if (order := self._one(n)) is not None:
            self.world.amend(self.keys[order.client_id], order, self._wanted(order, what, far))

    def _wanted(self, order: Order, what: str, far: int) -> dict[str, Given]:
        pair = Pair(order.request.token_in, order.request.token_out)
        is_oco = order.waiting is not None and order.waiting.terms.order_type == "oco"
        if what == "expiry":
            return {"expiresAt": Given("expiresAt", self.world.clock.now() + timedelta(seconds=far))}
        if what == "amount":
            return {"amount": Given("amount", "0.4")}
        name = {"price": "limitPrice", "stop": "triggerPrice", "trail": "trailingBps"}[what]
        given = Given(
            name, 10 * far if what == "trail" else self._price(pair, far if what == "price" else -far).text
        )
        if not is_oco:
            return {name: given}
        holder = "takeProfit" if what == "price" else "stopLoss"
        return {holder: Given(holder, None if far == 150 else {name: given})}

    # --- the market ----------------------------------------------------------------------------------

    @rule(factor=st.sampled_from(FACTORS))
    def move(self, factor: Fraction) -> None:
        worth = self.world.market.worth.get("SOL", Fraction(1)) * factor
        if Fraction(1, 4) < worth < 4:
            self.world.market.move("SOL", factor)

    @rule(ticks=st.integers(1, 3))
    def tick(self, ticks: int) -> None:
        self.world.tick(ticks)

    @rule(factor=st.sampled_from(FACTORS), ticks=st.integers(1, 3))
    def move_and_tick(self, factor: Fraction, ticks: int) -> None:
        self.move(factor)
        self.world.tick(ticks)
        self.world.deliver()

    @rule(seconds=st.sampled_from((0, 1, 6, 30)), n=st.integers(0, 20), cancels=st.booleans())
    def overtake_the_next_write(self, seconds: float, n: int, cancels: bool) -> None:
        """Let another function tick, or a client cancel, between a tick's judging and its write."""

        def meanwhile() -> None:
            self.world.clock.advance(seconds)
            if cancels:
                self.cancel_one(n)
            self.world.tick()

        self.world.sightings.inside_apply = meanwhile

    @rule()
    def lose_all_messages(self) -> None:
        self.world.queue.messages.clear()

    # --- the end -------------------------------------------------------------------------------------

    def end(self) -> None:
        """See that what rests does so rightly; then let every order have its price, or cancel them."""
        self.world.sightings.inside_apply = None
        check_now(self.world)
        if self.drains:
            self.world.drain()
            return
        for key in self.keys.values():
            self.world.cancel(key)
        self.world.settle()

    def teardown(self) -> None:
        super().teardown()
        histories = self.world.backend.audit.histories() if hasattr(self, "world") else []
        for _, events in histories:
            self.steps.update(pairwise(event.status for event in events))


def test_histories_of_orders_that_wait(
    connecting: Connecting, record_property: Callable[[str, object], None]
) -> None:
    steps: Counter[tuple[Status, Status]] = Counter()
    WaitingHistories.steps = steps
    stores = play_histories(WaitingHistories, connecting, EXAMPLES, STEPS)
    assert stores.orders >= 2 * stores.histories > 0
    assert any(before in RESTING for before, _ in steps)
    record_property("histories", stores.histories)
    record_property("orders", stores.orders)
    record_property("transitions", {f"{before} → {after}": n for (before, after), n in sorted(steps.items())})
