"""Amounts: ``int`` base units inside, decimals only at the edge, and never a float between them."""

from __future__ import annotations

import re
from decimal import Decimal

from dexec.domain.errors import Invalid

MAX_BASE_UNITS = 2**63 - 1
"""Amounts on chain are unsigned 64-bit integers; PostgreSQL's ``bigint`` is signed, so the smaller rules."""

MAX_DIGITS = 40
"""Digits looked at before scaling: 1e400 must not become a 400-digit integer first."""

_PLAIN_DECIMAL = re.compile(r"-?\d+(\.\d+)?|-?\.\d+", re.ASCII)


def parse_amount(value: object, decimals: int, field: str = "amount") -> int:
    """Return ``value`` (``int``, ``Decimal`` or a plain decimal string) in base units.

    Exact: more decimals than the token has are an error, not a rounding. Raises ``Invalid`` for anything
    else that is no positive amount, ``bool`` included.
    """
    number = parse_decimal(value, field)
    if number <= 0:
        raise Invalid("must be greater than zero", field)
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or len(digits) + abs(exponent) > MAX_DIGITS:
        raise Invalid("has too many digits", field)
    coefficient = int("".join(map(str, digits)))
    # Integers throughout: Decimal's own arithmetic would round to the context's precision.
    places = exponent + decimals
    base_units, rest = (coefficient * 10**places, 0) if places >= 0 else divmod(coefficient, 10**-places)
    if rest:
        raise Invalid(f"has more than {decimals} decimals", field)
    if base_units > MAX_BASE_UNITS:
        raise Invalid("is larger than any balance can be", field)
    return int(base_units)


def parse_decimal(value: object, field: str) -> Decimal:
    """Return ``value`` as a finite ``Decimal``; raise ``Invalid`` where it is no number."""
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, int) and not isinstance(value, bool):
        if abs(value) >= 10**MAX_DIGITS:
            raise Invalid("has too many digits", field)
        number = Decimal(value)
    elif isinstance(value, str) and len(value) <= MAX_DIGITS and _PLAIN_DECIMAL.fullmatch(value):
        number = Decimal(value)
    else:
        raise Invalid('must be a plain decimal number, such as 1.5 or "1.5"', field)
    if not number.is_finite():
        raise Invalid("must be a finite number", field)
    return number


def format_decimal(value: Decimal) -> str:
    """Return the plain decimal of ``value``: no exponent, no trailing zeros, nothing rounded."""
    text = str(value)
    if "E" in text:
        text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_amount(base_units: int, decimals: int) -> str:
    """Return the plain decimal of ``base_units``: no exponent, no trailing zeros, nothing rounded."""
    sign = "-" if base_units < 0 else ""
    digits = str(abs(base_units)).zfill(decimals + 1)
    point = len(digits) - decimals
    whole, tail = digits[:point], digits[point:].rstrip("0")
    return f"{sign}{whole}.{tail}" if tail else f"{sign}{whole}"
