"""``dexec amend`` and ``dexec cancel``: what their options send, and how they are refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import typer
from typer.testing import CliRunner

from infra.cli.amendment_fields import amended_by_option, amendment
from infra.cli.main import app

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("order_type", "given", "sent"),
    [
        ("limit", {"limit": "155", "stop": None}, {"limitPrice": "155"}),
        ("stop", {"stop": "140", "limit": "none"}, {"triggerPrice": "140", "limitPrice": None}),
        (
            "trailingStop",
            {"trail": "2.5%", "activation": "none"},
            {"trailingBps": 250, "activationPrice": None},
        ),
        (
            "oco",
            {"limit": "170", "stop": "140"},
            {"takeProfit": {"limitPrice": "170"}, "stopLoss": {"triggerPrice": "140"}},
        ),
        ("oco", {"limit": "none"}, {"takeProfit": None}),
        ("oco", {"stop": "none"}, {"stopLoss": None}),
        (
            "oco",
            {"trail": "3", "activation": "165"},
            {"stopLoss": {"trailingBps": 300, "activationPrice": "165"}},
        ),
        ("limit", {"amount": "2", "expires": "2h"}, {"amount": "2", "expiresAt": "2026-01-01T02:00:00Z"}),
        ("limit", {"expires": "none"}, {"expiresAt": None}),
        ("limit", {"expires": "2026-02-01T00:00:00Z"}, {"expiresAt": "2026-02-01T00:00:00Z"}),
    ],
)
def test_options_are_the_fields_of_an_amendment(
    order_type: str, given: dict[str, str | None], sent: dict[str, object]
) -> None:
    assert amendment(order_type, given, NOW) == sent


def test_an_end_that_is_no_time_is_refused() -> None:
    with pytest.raises(typer.BadParameter, match="--expires takes 90s, 30m, 2h, 7d or a time"):
        amendment("limit", {"expires": "soon"}, NOW)


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ("triggerPrice: cannot be amended", "--stop: cannot be amended"),
        ("limitPrice: must be greater than zero", "--limit: must be greater than zero"),
        ("expiresAt: is in the past", "--expires: is in the past"),
        ("takeProfit.limitPrice: must differ", "--limit: must differ"),
        ("stopLoss.triggerPrice: must differ", "--stop: must differ"),
        ("it is confirmed; nothing was changed", "it is confirmed; nothing was changed"),
    ],
)
def test_a_refusal_names_the_option(refusal: str, words: str) -> None:
    assert amended_by_option(refusal) == words


@pytest.mark.parametrize("text", ["x", "1.005%", "NaN", "inf"])
def test_a_trail_is_a_percentage(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="--trail takes"):
        amendment("trailingStop", {"trail": text}, NOW)


@pytest.mark.parametrize(
    "arguments",
    [["cancel"], ["cancel", "ord_1", "--all"], ["cancel", "ord_1", "--pair", "SOL", "USDC"]],
)
def test_a_cancel_names_orders_or_all(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "name orders, or give --all" in " ".join(result.output.replace("│", " ").split())


def test_an_amendment_says_what_to_amend() -> None:
    result = CliRunner().invoke(app, ["amend", "ord_1"])
    assert result.exit_code == 2
    assert "name what is to be amended" in " ".join(result.output.replace("│", " ").split())
