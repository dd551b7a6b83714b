"""What every curve has to keep to, so that the router may rely on it. Subclass and say which pools."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from dexec.domain.errors import InsufficientLiquidity
from dexec.domain.pools import PRICE_BITS, Curve, Pool
from dexec.domain.pools.refusals import UndeterminedExactOut


def charged(curve: Curve, amount_in: int) -> int:
    """Return the fees of a swap, on whichever side they are taken: only one has some."""
    swap = curve.swap(amount_in)
    return swap.fee + swap.output_fee


class CurveContract:
    """Inherit from this and give ``pools``; the tests then run for both directions of each."""

    refuses = False
    """Whether there are exact outputs that the program refuses."""

    def pools(self) -> Sequence[Pool]:
        raise NotImplementedError

    def curves(self) -> list[Curve]:
        return [pool.curve(token) for pool in self.pools() for token in (pool.token_x, pool.token_y)]

    def inputs(self, curve: Curve) -> list[int]:
        most = min(curve.max_in, 4 * curve.least_in(curve.max_out))
        rnd = Random(most)
        return sorted({0, 1, most, *(rnd.randint(0, most) for _ in range(40)), *range(min(most, 12))})

    def prices(self, curve: Curve) -> list[int]:
        return [1, *(curve.best_price * part // 64 for part in range(1, 66)), curve.best_price + 1]

    def test_more_in_is_never_less_out(self) -> None:
        for curve in self.curves():
            outputs = [curve.exact_in(amount) for amount in self.inputs(curve)]
            assert outputs == sorted(outputs)
            assert outputs[0] == 0
            assert outputs[-1] <= curve.max_out

    def test_the_least_input_for_an_output_is_the_inverse(self) -> None:
        for curve in self.curves():
            for amount in self.inputs(curve):
                amount_out = curve.exact_in(amount)
                least = curve.least_in(amount_out)
                assert least <= amount
                assert curve.exact_in(least) >= amount_out
                assert least == 0 or curve.exact_in(least - 1) < amount_out

    def test_exact_out_takes_the_least_input_or_is_refused(self) -> None:
        refused = taken = 0
        for curve in self.curves():
            for amount in self.inputs(curve):
                amount_out = curve.exact_in(amount)
                try:
                    assert curve.exact_out(amount_out) == curve.least_in(amount_out)
                    taken += 1
                except UndeterminedExactOut:
                    refused += 1
        assert taken > refused
        assert (refused > 0) == self.refuses

    def test_a_swap_is_taken_apart_exactly(self) -> None:
        for curve in self.curves():
            for amount in self.inputs(curve):
                swap = curve.swap(amount)
                assert (swap.amount_in, swap.amount_out) == (amount, curve.exact_in(amount))
                assert min(swap.base_fee, swap.variable_fee, swap.output_fee) >= 0
                assert swap.amount_out <= swap.unrounded_out
                assert swap.unrounded_out + swap.output_fee <= (amount - swap.fee) * curve.mid

    def test_nothing_beyond_what_the_pool_can_trade(self) -> None:
        for curve in self.curves():
            with pytest.raises(InsufficientLiquidity):
                curve.exact_in(curve.max_in + 1)
            with pytest.raises(InsufficientLiquidity):
                curve.exact_out(curve.max_out + 1)

    def test_no_swap_gains_more_than_the_surplus(self) -> None:
        for curve in self.curves():
            for price in self.prices(curve):
                surplus = curve.surplus(price)
                gains = [
                    (curve.exact_in(amount) << PRICE_BITS) - price * amount for amount in self.inputs(curve)
                ]
                assert max(gains) <= surplus

    def test_the_response_falls_as_the_price_rises(self) -> None:
        for curve in self.curves():
            answers = [curve.respond(price) for price in [0, *sorted(self.prices(curve))]]
            assert answers == sorted(answers, reverse=True)
            assert answers[0] == (curve.max_in, curve.max_out)
            assert curve.respond(curve.best_price) == (0, 0)

    def test_the_response_gains_what_the_surplus_says(self) -> None:
        """Up to rounding, unless the curve is not concave; so it is asked of the hull's response itself."""
        for curve in self.curves():
            for price in self.prices(curve)[1:]:
                amount_in, amount_out = curve.respond(price)
                gain = (amount_out << PRICE_BITS) - price * amount_in
                rounding = (300 << PRICE_BITS) + 300 * (price + curve.best_price)
                assert curve.surplus(price) - gain <= rounding + (curve.surplus(price) >> 20)

    def test_breakpoints_lie_between_their_ends(self) -> None:
        for curve in self.curves():
            low, high = curve.best_price * 3 // 4, curve.best_price + 5
            breakpoints = curve.breakpoints(low, high)
            assert all(low < place < high for place in breakpoints)
            assert curve.best_price in breakpoints
            assert set(curve.breakpoints(low, high - 5)) == set(breakpoints) - {curve.best_price}

    def test_fee_breakpoints_are_the_last_inputs_before_the_fee_steps_up(self) -> None:
        """Of a bin with limit orders they are those of one layer, which is not asked here."""
        found = 0
        for curve in self.curves():
            for amount in self.inputs(curve):
                places = curve.fee_breakpoints(amount, 3)
                found += len(places)
                assert all(0 <= place <= curve.max_in for place in places)
                if self.refuses:
                    continue
                for place in places:
                    assert place in (0, curve.max_in) or charged(curve, place) < charged(curve, place + 1)
        assert found

    def test_a_foreign_token_is_refused(self) -> None:
        for pool in self.pools():
            with pytest.raises(ValueError, match="does not trade"):
                pool.curve("DOGE")
