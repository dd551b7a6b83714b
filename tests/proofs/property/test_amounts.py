"""Amounts: whatever decimal goes in comes out again, and nothing else goes in."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexec.domain.amounts import MAX_BASE_UNITS, MAX_DIGITS, format_amount, parse_amount
from dexec.domain.errors import Invalid

base_units = st.integers(1, MAX_BASE_UNITS)
decimals = st.integers(0, 12)


@given(base_units, decimals)
def test_what_is_formatted_reads_back(units: int, places: int) -> None:
    text = format_amount(units, places)
    assert parse_amount(text, places) == units
    assert parse_amount(Decimal(text), places) == units
    assert "e" not in text.lower()
    assert not (text.endswith("0") and "." in text)


@given(st.integers(), decimals)
def test_formatting_is_exact(units: int, places: int) -> None:
    assert Fraction(format_amount(units, places)) * 10**places == units


@given(st.integers(1, 10**18), st.integers(0, 9))
def test_more_decimals_than_a_token_has_are_an_error_not_a_rounding(units: int, places: int) -> None:
    finer = units * 10 + 1
    with pytest.raises(Invalid, match=r"decimals|digits"):
        parse_amount(format_amount(finer, places + 1), places)


@given(st.integers(max_value=0) | st.integers(min_value=MAX_BASE_UNITS + 1))
def test_only_what_a_balance_can_be(number: int) -> None:
    with pytest.raises(Invalid):
        parse_amount(number, 0)


@given(st.decimals(allow_nan=True, allow_infinity=True), decimals)
def test_any_decimal_is_an_amount_or_invalid(number: Decimal, places: int) -> None:
    try:
        units = parse_amount(number, places)
    except Invalid:
        return
    assert 0 < units <= MAX_BASE_UNITS
    assert Decimal(format_amount(units, places)) == number


others = st.none() | st.booleans() | st.floats() | st.lists(st.integers(), max_size=2) | st.binary()


@given(others | st.text(max_size=60))
def test_nothing_else_is_an_amount(value: object) -> None:
    try:
        parse_amount(value, 9)
    except Invalid:
        return
    assert isinstance(value, str)
    assert len(value) <= MAX_DIGITS
    assert set(value) <= set("0123456789.")
    assert value.isascii()
