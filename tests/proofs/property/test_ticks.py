"""The running trigger function against a replay of the ticks that it recorded, with crashes at its writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from dexec.domain.order import Order, Triggered
from dexec.domain.waiting.conditions import PriceType, Stop, Trail
from dexec.domain.waiting.due import activation_slot, replay
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.terms import Terms
from dexec.domain.waiting.ticks import Tick
from dexec.ports import BookTick
from tests.support.fakes import START
from tests.support.watched import BOOK, Stage

WRITES = ("take_shard", "record", "apply", "judged", "void", "leave_shard")
LASTS_S = 30

counts = st.integers(1, 3)
types = st.sampled_from(PriceType)
prices = st.integers(90, 110)
stops = st.builds(Stop, prices.map(lambda price: Price(str(price), BOOK)), types, counts)
trails = st.builds(
    Trail, st.integers(1, 1_500), st.none() | prices.map(lambda price: Price(str(price), BOOK)), types, counts
)
conditions = st.lists(st.tuples(st.integers(0, 8), stops | trails), min_size=1, max_size=6)
crashes = st.lists(st.tuples(st.sampled_from(WRITES), st.integers(1, 9), st.booleans()), max_size=3)


class Crash(BaseException):
    """A function is no more."""


@dataclass
class Watch:
    """A stage whose functions die at some writes, and a log of the ticks that were ever recorded."""

    stage: Stage
    crashes: Sequence[tuple[str, int, bool]]
    recorded: list[BookTick] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        waits = self.stage.backend.waits
        for name in WRITES:
            setattr(waits, name, self._around(name, getattr(waits, name)))

    def _around(self, name: str, method: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **named: object) -> object:
            number = self.calls[name] = self.calls.get(name, 0) + 1
            if (name, number, False) in self.crashes:
                raise Crash
            answer = method(*args, **named)
            if name == "record" and answer is not None:
                self.recorded += args[1]  # type: ignore[arg-type]
            if (name, number, True) in self.crashes:
                raise Crash
            return answer

        return call

    def run(self, ends_at_s: float) -> None:
        """Have functions watch the market, each until it dies; the schedule starts the next."""
        clock, ends_at = self.stage.clock, START + timedelta(seconds=ends_at_s)
        while clock.now() < ends_at:
            try:
                self.stage.function()(0, ends_at + timedelta(seconds=3), 10)
            except Crash:
                clock.sleep(0.5)
            clock.sleep(0.5)


def place_later(stage: Stage, orders: Sequence[tuple[int, Stop | Trail]]) -> list[tuple[Order, Stop | Trail]]:
    """Have orders placed while the market is looked at: after one tick, before the next is recorded."""
    placed: list[tuple[Order, Stop | Trail]] = []
    waiting = sorted(orders, key=lambda one: one[0])
    look = stage.market.__call__

    def places(pairs: Sequence[object]) -> object:
        second = (stage.clock.now() - START).total_seconds()
        while waiting and waiting[0][0] <= second:
            _, condition = waiting.pop(0)
            placed.append((stage.place(Terms(stop=condition)), condition))
        return look(pairs)  # type: ignore[arg-type]

    # Something has to wait for the market to be looked at.
    stage.place(Terms(stop=Stop(Price("0.001", BOOK))), "bob")
    vars(stage)["look"] = places
    return placed


def allowed(
    condition: Stop | Trail, since: int, kept: Sequence[BookTick], voided: Sequence[BookTick]
) -> set[int | None]:
    """Return the slots at which an order may have been triggered; None: it waits.

    A tick that was voided may have been judged for some orders before its function died: it triggered them,
    or had a trail begin.
    """

    def slot(condition: Stop | Trail, since: int, ticks: Sequence[BookTick]) -> int | None:
        found = replay(condition, since, [seen(condition, tick) for tick in ticks])
        return None if found is None else found.slot

    outcomes = {slot(condition, since, kept)}
    for tick in voided:
        before = [one for one in kept if one.slot < tick.slot]
        if slot(condition, since, [*before, tick]) == tick.slot:
            outcomes.add(tick.slot)
        if isinstance(condition, Trail) and activation_slot(condition, since, seen(condition, tick)):
            outcomes.add(slot(replace(condition, activation=None), tick.slot - 1, kept))
    return outcomes


def seen(condition: Stop | Trail, tick: BookTick) -> Tick:
    price = tick.mid if condition.price_type is PriceType.MID else tick.reference
    return Tick(tick.slot, tick.at, price)


@settings(max_examples=120)
@given(st.lists(prices, min_size=12, max_size=14), conditions, crashes)
def test_what_runs_triggers_as_a_replay_does_whatever_crashes(
    series: list[int], orders: list[tuple[int, Stop | Trail]], crashes: list[tuple[str, int, bool]]
) -> None:
    stage = Stage(series)
    stage.market.mid = lambda second: Fraction(series[(second * 7) % len(series)], 1000)
    placed = place_later(stage, orders)
    watch = Watch(stage, crashes)
    watch.run(LASTS_S)
    kept = stage.backend.waits.ticks([BOOK], 0)
    voided = [tick for tick in watch.recorded if tick not in kept]
    assert len(voided) <= len(crashes)
    assert len(placed) == len(orders)
    for order, condition in placed:
        assert order.waiting is not None
        assert order.waiting.since is not None
        why = triggered_at(stage, order)
        assert why in allowed(condition, order.waiting.since, kept, voided)
        assert (order.id in stage.queued) == (why is not None)


def triggered_at(stage: Stage, order: Order) -> int | None:
    found = stage.backend.orders.find(order.id, order.client_id)
    assert found is not None
    slots = [event.detail.slot for event in found[1] if isinstance(event.detail, Triggered)]
    assert len(slots) <= 1
    return slots[0] if slots else None
