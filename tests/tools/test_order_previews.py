"""What ``dexec order`` warns of and asks about before it places an order."""

from __future__ import annotations

import pytest
import typer

from infra.cli import output, previews
from infra.json_types import Node


def route(impact: str, limit: str = "227.17", mode: str = "exactIn") -> Node:
    """Return a quoted route that loses ``impact`` of 100."""
    name = "minAmountOut" if mode == "exactIn" else "maxAmountIn"
    tokens = {"tokenIn": "SOL", "amountIn": "1.5", "tokenOut": "USDC", "amountOut": "228.31"}
    return {"mode": mode, **tokens, name: limit, "costs": {"reference": "100", "impact": impact}}


@pytest.mark.parametrize(("impact", "warned"), [("1", False), ("1.01", True), ("5", True)])
def test_an_impact_over_one_percent_is_warned_of(
    capsys: pytest.CaptureFixture[str], impact: str, warned: bool
) -> None:
    shown = route(impact)
    previews.check(shown, 50, previews.limit_of(shown), yes=False)
    told = capsys.readouterr().err
    assert f"price impact {float(impact):.2f} %; at least 227.17 USDC" in told
    assert ("warning: the price impact is" in told) == warned


@pytest.mark.parametrize(
    ("terminal", "yes", "answer", "placed"),
    [
        (False, False, None, False),
        (False, True, None, True),
        (True, True, None, True),
        (True, False, False, False),
        (True, False, True, True),
    ],
)
def test_an_impact_over_five_percent_wants_a_second_act(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, yes: bool, answer: bool | None, placed: bool
) -> None:
    asked: list[str] = []

    def confirm(question: str, **_: object) -> bool:
        asked.append(question)
        return bool(answer)

    monkeypatch.setattr(output, "is_interactive", lambda: terminal)
    monkeypatch.setattr(typer, "confirm", confirm)
    if placed:
        previews.check(route("5.01"), 50, {}, yes=yes)
    else:
        with pytest.raises(typer.Exit):
            previews.check(route("5.01"), 50, {}, yes=yes)
    assert len(asked) == (answer is not None)


@pytest.mark.parametrize(
    ("limit", "warned"),
    [
        ({"minAmountOut": "228.31"}, False),
        ({"minAmountOut": "228.32"}, True),
        ({"minAmountOut": "lots"}, False),
        ({"maxAmountIn": "1.5"}, False),
        ({"maxAmountIn": "1.4"}, True),
    ],
)
def test_a_limit_that_the_market_does_not_give_is_warned_of(
    capsys: pytest.CaptureFixture[str], limit: Node, warned: bool
) -> None:
    previews.check(route("0.1"), 50, limit, yes=False)
    assert ("the order fails unless the price gets better" in capsys.readouterr().err) == warned


@pytest.mark.parametrize(("text", "bps"), [("0.5", 50), ("0.5%", 50), ("1 %", 100), ("0", 0), (None, None)])
def test_a_slippage_is_a_percentage(text: str | None, bps: int | None) -> None:
    assert previews.slippage_bps(text) == bps


@pytest.mark.parametrize("text", ["much", "-1", "100.01", "0.001", "nan"])
def test_what_is_no_slippage_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="--slippage takes 0 to 100"):
        previews.slippage_bps(text)


def test_a_slippage_of_everything_is_warned_of_and_leaves_no_limit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = route("0", limit="0")
    assert previews.limit_of(shown) == {}
    previews.check(shown, 10_000, {}, yes=False)
    told = capsys.readouterr().err
    assert "no limit but the slippage's" in told
    assert "a slippage of 100 % accepts any price" in told


def test_an_exact_output_is_bound_by_what_is_paid() -> None:
    assert previews.limit_of(route("0", "1.51", "exactOut")) == {"maxAmountIn": "1.51"}
