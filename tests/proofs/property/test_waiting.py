"""Orders that wait, on random prices: the rules that find what is due agree with a replay, tick by tick."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from dexec.domain.quote import Mode, Pair
from dexec.domain.waiting.conditions import Stop, Trail
from dexec.domain.waiting.due import activation_slot, is_stop_due, is_trail_due, replay
from dexec.domain.waiting.prices import Price, parse_price, price_key, price_limit
from dexec.domain.waiting.ticks import Highs, Tick, confirming

PAIR = Pair("USDC", "USDT")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)

fractions = st.fractions(min_value=Fraction(1, 10**24), max_value=10**24).filter(lambda value: value > 0)
counts = st.integers(1, 4)


@st.composite
def tick_series(draw: st.DrawFn) -> list[Tick]:
    """Return ticks of few distinct prices, so that equalities are common, some after a long gap."""
    ticks, at, slot = [], BEGAN, 100
    for _ in range(draw(st.integers(1, 14))):
        at += timedelta(seconds=draw(st.sampled_from((1, 1, 1, 1, 11))))
        slot += draw(st.integers(1, 3))
        ticks.append(Tick(slot, at, Fraction(draw(st.integers(90, 110)))))
    return ticks


def first_due(ticks: Sequence[Tick], condition: Stop | Trail, since: int) -> int | None:
    """Return the slot at which the rules for a store find the condition due, from what a store keeps."""
    highs, asleep = Highs(), isinstance(condition, Trail) and condition.activation is not None
    for index, tick in enumerate(ticks):
        highs.add(tick)
        if isinstance(condition, Trail) and asleep:
            active = activation_slot(condition, since, tick)
            if active is None:
                continue
            since, asleep = active, False
        window = confirming(ticks[: index + 1], condition.confirm_ticks)
        if isinstance(condition, Stop):
            due = is_stop_due(condition, since, window)
        else:
            due = is_trail_due(condition, since, window, highs)
        if due:
            return tick.slot
    return None


@given(tick_series(), st.integers(90, 110), counts, st.integers(98, 110))
def test_a_stop_is_due_when_the_replay_says(ticks: list[Tick], price: int, count: int, since: int) -> None:
    stop = Stop(Price(str(price), PAIR), confirm_ticks=count)
    found = replay(stop, since, ticks)
    assert first_due(ticks, stop, since) == (found.slot if found else None)


@given(tick_series(), st.integers(1, 1500), counts, st.integers(98, 110), st.integers(85, 110) | st.none())
def test_a_trail_is_due_when_the_replay_says(
    ticks: list[Tick], bps: int, count: int, since: int, activation: int | None
) -> None:
    price = None if activation is None else Price(str(activation), PAIR)
    trail = Trail(bps, price, confirm_ticks=count)
    found = replay(trail, since, ticks)
    assert first_due(ticks, trail, since) == (found.slot if found else None)


@given(tick_series(), st.integers(85, 115))
def test_suffix_maxima_know_the_last_tick_of_at_least_a_price(ticks: list[Tick], price: int) -> None:
    at_least = [tick.slot for tick in ticks if tick.price >= price]
    assert Highs.of(ticks).last_at_least(Fraction(price)) == (at_least[-1] if at_least else None)


@given(fractions, fractions)
def test_keys_sort_as_prices_do(one: Fraction, other: Fraction) -> None:
    low, high = sorted((one, other))
    assert 0 < price_key(low) <= price_key(high) < 2**63
    assert price_key(low) <= price_key(low, up=True) <= price_key(low) + 1
    assert price_key(low, up=True) <= price_key(high, up=True)


@given(fractions)
def test_keys_are_exact_to_the_last_bit_of_a_mantissa(price: Fraction) -> None:
    apart = price * Fraction(2**52 + 2, 2**52)
    assert price_key(apart) > price_key(price)


@given(st.sampled_from(Mode), st.integers(1, 2**63 - 1), fractions)
def test_no_fill_within_the_limit_is_worse_than_the_price(mode: Mode, amount: int, price: Fraction) -> None:
    limit = price_limit(mode, amount, price)
    if mode is Mode.EXACT_IN:
        assert Fraction(limit, amount) >= price > Fraction(limit - 1, amount)
    else:
        assert limit * price <= amount < (limit + 1) * price


@given(st.decimals(min_value="0.000001", max_value=10**5, places=6), st.booleans())
def test_a_price_is_shown_as_it_was_written(value: object, of_out: bool) -> None:
    price = parse_price(value, Pair("SOL", "USDC"), "limitPrice", of_out=of_out)
    assert Price(price.show(price.value), price.pair, of_out).value == price.value
