"""Prices of waiting orders: exact fractions, and integer keys that sort in the same order.

A price is base units of token out per base unit of token in, over a whole amount, net of fees.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from dexec.domain.amounts import MAX_DIGITS, format_decimal, parse_decimal
from dexec.domain.arithmetic import ceil_div
from dexec.domain.errors import Invalid
from dexec.domain.quote import Mode, Pair
from dexec.domain.tokens import TOKENS

SIGNIFICANT = 12
"""Digits of a price that is computed, and so need not be a finite decimal."""

_MANTISSA = 52
_EXPONENT = 1023


@dataclass(frozen=True, slots=True)
class Unit:
    """In which unit a client writes prices of a pair, and reads them.

    ``of_out``: they are prices of token out, in token in (a buyer's "155 USDC per SOL"), so the lower, the
    better; without it, of token in, in token out.
    """

    pair: Pair
    of_out: bool = False

    @property
    def name(self) -> str:
        """What a price counts, for people: "USDC per SOL"."""
        pair = self.pair
        sides = (pair.token_in, pair.token_out) if self.of_out else (pair.token_out, pair.token_in)
        return " per ".join(sides)

    def value(self, text: str) -> Fraction:
        """Return what is written so, in base units of token out per base unit of token in."""
        per_whole = Fraction(Decimal(text))
        return (1 / per_whole if self.of_out else per_whole) * self._scale()

    def show(self, value: Fraction) -> str:
        """Write a price, to twelve digits."""
        per_whole = value / self._scale()
        return decimal_text(1 / per_whole if self.of_out else per_whole)

    def _scale(self) -> Fraction:
        exponent = TOKENS[self.pair.token_out].decimals - TOKENS[self.pair.token_in].decimals
        return Fraction(10) ** exponent


@dataclass(frozen=True, slots=True)
class Price:
    """A price as its client wrote it: ``text``, one whole token in the other's whole tokens; see ``Unit``."""

    text: str
    pair: Pair
    of_out: bool = False

    @property
    def unit(self) -> str:
        """What it counts, for people: "USDC per SOL"."""
        return self._unit.name

    @property
    def value(self) -> Fraction:
        """Base units of token out per base unit of token in."""
        return self._unit.value(self.text)

    @property
    def inverse(self) -> str:
        """The price turned round, to twelve digits."""
        return decimal_text(1 / Fraction(Decimal(self.text)))

    def show(self, value: Fraction) -> str:
        """Return another price of this pair as this one is written, to twelve digits."""
        return self._unit.show(value)

    @property
    def _unit(self) -> Unit:
        return Unit(self.pair, self.of_out)


def parse_price(value: object, pair: Pair, field: str, *, of_out: bool = False) -> Price:
    """Return the price that a client wrote; raise ``Invalid`` for what is no positive decimal."""
    number = parse_decimal(value, field)
    if number <= 0:
        raise Invalid("must be greater than zero", field)
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or len(digits) + abs(exponent) > MAX_DIGITS:
        raise Invalid("has too many digits", field)
    return Price(format_decimal(number), pair, of_out)


def price_limit(mode: Mode, amount: int, price: Fraction) -> int:
    """Return the limit of a swap of ``amount`` at ``price`` or better, in base units of the open token.

    It is the least output (exact in), rounded up, or the greatest input (exact out), rounded down: so no
    fill that keeps it is worse than the price, not by a unit.
    """
    if mode is Mode.EXACT_IN:
        return ceil_div(amount * price.numerator, price.denominator)
    return amount * price.denominator // price.numerator


def price_key(price: Fraction, *, up: bool = False) -> int:
    """Return a positive 64-bit integer that is no less for a greater price; rounded up or down.

    It is the price's exponent to the base 2 above 52 bits of its mantissa, as in a binary64 number: exact to
    2^-52 of the price, over all prices between 2^-1022 and 2^1023.
    """
    top, bottom = price.numerator, price.denominator
    exponent = top.bit_length() - bottom.bit_length()
    if top << max(0, -exponent) < bottom << max(0, exponent):
        exponent -= 1
    shift = _MANTISSA - exponent
    scaled, rest = divmod(top << max(0, shift), bottom << max(0, -shift))
    return (exponent + _EXPONENT - 1 << _MANTISSA) + scaled + (1 if up and rest else 0)


def decimal_text(value: Fraction) -> str:
    """Return a positive fraction as a plain decimal of twelve digits, rounded half up."""
    exponent = len(str(value.numerator)) - len(str(value.denominator))
    places = SIGNIFICANT - exponent
    scaled = (
        2 * value.numerator * 10 ** max(0, places) // (value.denominator * 10 ** max(0, -places)) + 1
    ) // 2
    return format_decimal(Decimal(scaled).scaleb(-places))
