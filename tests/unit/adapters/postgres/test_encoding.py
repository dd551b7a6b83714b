"""The store's encoding: every row that was ever written is read, and written again as it was."""

from __future__ import annotations

import json

import pytest

from dexec.adapters.postgres import encoding
from dexec.api.orders import detail_view
from dexec.domain.failure import Failure
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Accepted, Detail, Filled, Signed
from dexec.domain.quote import Mode, RouteRequest
from dexec.domain.recorded import RecordedFill
from tests.support.stored import STORED, text

REQUEST = RouteRequest(Mode.EXACT_OUT, "USDC", "SOL", 1_500_000_000, 50)
FILL = STORED["small prices"]["fill"]


def stored_fill() -> RecordedFill:
    found = encoding.load_fill(text(FILL))
    assert found is not None
    return found


STORED_DETAILS: list[tuple[Status, Step | None, str, Detail]] = [
    (
        Status.PENDING,
        None,
        (
            '{"label":"l\'été \\"7\\"","mode":"exactOut","tokenIn":"USDC","tokenOut":"SOL","amount":"1.5",'
            '"slippageBps":50}'
        ),
        Accepted('l\'été "7"', REQUEST),
    ),
    (Status.ROUTING, None, "{}", None),
    (Status.BUILDING, None, "{}", None),
    (Status.SUBMITTED, None, '{"signature":"5wHu1qwD7q"}', Signed("5wHu1qwD7q")),
    (
        Status.CONFIRMED,
        None,
        f'{{"signature":"5wHu1qwD7q","fill":{text(FILL)}}}',
        Filled("5wHu1qwD7q", stored_fill()),
    ),
    (
        Status.ROUTING,
        None,
        '{"error":{"code":"slippage_exceeded","message":"slippage limit passed by 3 bps","shortfallBps":3}}',
        Failure("slippage_exceeded", "slippage limit passed by 3 bps", 3),
    ),
    (
        Status.FAILED,
        None,
        '{"error":{"code":"no_venue","message":"no venue answered"}}',
        Failure("no_venue", "no venue answered"),
    ),
]


@pytest.mark.parametrize(("status", "step", "row", "detail"), STORED_DETAILS)
def test_what_an_event_said_is_read_and_written_as_it_was(
    status: Status, step: Step | None, row: str, detail: Detail
) -> None:
    assert encoding.load_detail(status, step, row) == detail
    assert encoding.dump_detail(detail) == row
    assert detail_view(detail) == json.loads(row), "clients see what they saw"


@pytest.mark.parametrize("name", STORED)
def test_a_decision_is_read_and_written_as_it_was(name: str) -> None:
    row = text(STORED[name]["route"])
    route = encoding.load_detail(Status.ROUTING, Step.QUOTES, row)
    assert encoding.dump_detail(route) == row
    assert text(detail_view(route)) == row, "clients see what they saw"


@pytest.mark.parametrize("name", [name for name in STORED if "fill" in STORED[name]])
def test_a_fill_is_read_and_written_as_it_was(name: str) -> None:
    row = text(STORED[name]["fill"])
    assert encoding.dump_fill(encoding.load_fill(row)) == row


def test_amounts_are_integers_in_base_units_once_they_are_read() -> None:
    fill = stored_fill()
    assert (fill.token_in, fill.token_out) == ("BONK", "RAY")
    assert (fill.amount_in, fill.amount_out) == (123_456_789, 11_659)
    assert [(leg.token_in, leg.amount_in, leg.base_fee) for leg in fill.legs] == [
        ("BONK", 123_456_789, 185_186),
        ("USDT", 26_980, 41),
    ]


def test_columns_that_hold_nothing_are_nothing() -> None:
    assert (encoding.load_fill(None), encoding.load_failure(None)) == (None, None)
    assert (encoding.dump_fill(None), encoding.dump_failure(None)) == (None, None)


def test_an_amount_with_more_decimals_than_its_token_is_no_amount() -> None:
    row = text({**FILL, "amountOut": "0.0116491"})
    with pytest.raises(ValueError, match="more than 6 decimals"):
        encoding.load_fill(row)


def test_a_request_is_kept_in_base_units() -> None:
    row = '{"mode":"exactOut","tokenIn":"USDC","tokenOut":"SOL","amount":"1500000000","slippageBps":50}'
    assert encoding.load_request(row) == REQUEST
    assert encoding.dump_request(REQUEST) == row
