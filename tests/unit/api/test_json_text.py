"""JSON as clients send it: what is read, what is refused, and that neither takes long."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dexec.api.json_text import load_object
from dexec.api.problems import Malformed

MAX_EXPONENT = 999
MAX_NUMBER_LENGTH = 100
LONG = MAX_NUMBER_LENGTH


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ("0.1", Decimal("0.1")),
        ("-1E+2", Decimal("-1e2")),
        (f"1e{MAX_EXPONENT}", Decimal(f"1e{MAX_EXPONENT}")),
        (f"1e-{MAX_EXPONENT}", Decimal(f"1e-{MAX_EXPONENT}")),
        ("9" * LONG, int("9" * LONG)),
        (f"0.{'1' * (LONG - 2)}", Decimal(f"0.{'1' * (LONG - 2)}")),
    ],
)
def test_numbers_are_exact(number: str, value: object) -> None:
    assert load_object(f'{{"n":{number}}}') == {"n": value}


@pytest.mark.parametrize(
    "number",
    [
        "9" * (LONG + 1),
        "-" + "9" * 16_000,
        f"0.{'1' * LONG}",
        f"1e{MAX_EXPONENT + 1}",
        f"1E+{MAX_EXPONENT + 1}",
        f"1.5e-{MAX_EXPONENT + 1}",
        "1e5000",
        "1e5000000",
        "1e20000000",
        "1e9999999999999999999",
        "-1e-9999999999999999999",
        f"1e{'0' * LONG}1",
        f"1e{'9' * 10_000}",
    ],
    ids=lambda text: text[:24],
)
@pytest.mark.parametrize("shape", ['{"n":%s}', '{"n":[[%s]]}', '{"a":{"n":%s}}', "%s"])
def test_numbers_out_of_bounds_are_malformed(shape: str, number: str) -> None:
    with pytest.raises(Malformed) as malformed:
        load_object(shape % number)
    assert "number" in str(malformed.value)


@pytest.mark.parametrize("text", ['{"a":1,"a":1}', '{"o":{"a":1,"b":2,"a":3}}', '{"a":1,"\\u0061":2}'])
def test_a_name_that_stands_twice_is_malformed(text: str) -> None:
    with pytest.raises(Malformed, match="two fields of the same name"):
        load_object(text)
