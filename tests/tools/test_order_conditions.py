"""The options of ``dexec order`` that wait, as fields of its body; the table of ``dexec open``."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pytest
import typer
from rich.console import Console

from dexec.api.order_body import OrderBody
from dexec_client.errors import ConnectionLost, DexecError, refusal
from dexec_client.raw.events import Event
from dexec_client.raw.json_types import Document
from infra.cli import open_orders
from infra.cli.conditions import Conditions, bought, expiry
from infra.cli.open_orders import table
from infra.cli.target import Target
from infra.cli.views import condition, remark

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SWAP: Document = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}
EXITS = {"takeProfit": {"limitPrice": "170"}, "stopLoss": {"triggerPrice": "140"}}


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        (Conditions(), {}),
        (Conditions(limit="155"), {"orderType": "limit", "limitPrice": "155"}),
        (Conditions(stop="140"), {"orderType": "stop", "triggerPrice": "140"}),
        (
            Conditions(stop="140", limit="138", ioc=True),
            {"orderType": "stop", "triggerPrice": "140", "limitPrice": "138", "timeInForce": "ioc"},
        ),
        (Conditions(trail="2%"), {"orderType": "trailingStop", "trailingBps": 200}),
        (
            Conditions(trail="0.25 %", activation="165"),
            {"orderType": "trailingStop", "trailingBps": 25, "activationPrice": "165"},
        ),
        (Conditions(oco=True, take_profit="170", stop_loss="140"), {"orderType": "oco", **EXITS}),
        (Conditions(take_profit="170", stop_loss="140"), EXITS),
        (
            Conditions(limit="155", stop_loss="3%"),
            {"orderType": "limit", "limitPrice": "155", "stopLoss": {"trailingBps": 300}},
        ),
    ],
)
def test_options_become_fields_that_the_api_reads(options: Conditions, fields: dict[str, object]) -> None:
    assert options.fields(NOW) == fields
    body = OrderBody.model_validate({**SWAP, **options.fields(NOW)})
    assert (body.to_terms() is not None) == options.waits
    assert options.has_prices == bool(options.waits or "takeProfit" in fields or "stopLoss" in fields)
    body.to_exits()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Conditions(stop="140", trail="2%"), "give --stop or --trail"),
        (Conditions(oco=True, limit="155"), "--oco waits for"),
        (Conditions(oco=True, take_profit="170"), "give --take-profit and --stop-loss"),
        (Conditions(limit="155", activation="165"), "give --trail"),
        (Conditions(take_profit="170", ioc=True), "give --limit, --stop, --trail or --oco"),
        (Conditions(trail="0%"), "--trail takes 0.01% to 90%"),
        (Conditions(trail="90.01%"), "--trail takes"),
        (Conditions(trail="0.001%"), "at most two decimals"),
        (Conditions(trail="far"), "not 'far'"),
        (Conditions(stop_loss="95%"), "--stop-loss takes"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: Conditions, words: str) -> None:
    with pytest.raises(typer.BadParameter, match=words):
        options.fields(NOW)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("90s", {"deadline": 90}),
        ("30m", {"deadline": 1_800}),
        ("1d", {"deadline": 86_400}),
        ("25h", {"expiresAt": "2026-01-02T01:00:00Z"}),
        ("7d", {"expiresAt": "2026-01-08T00:00:00Z"}),
        ("2026-03-01T00:00:00Z", {"expiresAt": "2026-03-01T00:00:00Z"}),
    ],
)
def test_an_end_is_a_duration_or_a_time(text: str, fields: dict[str, object]) -> None:
    assert expiry(text, NOW) == fields
    assert Conditions(limit="1", expires=text).fields(NOW).items() >= fields.items()


def test_prices_of_what_is_bought_count_the_token_that_is_paid() -> None:
    wanted: Document = {"tokenIn": "USDC", "tokenOut": "SOL", "amount": "1", "mode": "exactOut"}
    assert bought(wanted) == {"side": "buy", "baseAsset": "SOL", "quoteAsset": "USDC", "amount": "1"}


@pytest.mark.parametrize("exact_out", [False, True])
def test_exits_count_what_was_paid_for_what_was_bought(exact_out: bool) -> None:
    """Whoever spends USDC on SOL sells it back at USDC per SOL."""
    wanted: Document = {"tokenIn": "USDC", "tokenOut": "SOL", "amount": "1"}
    options = {**wanted, **Conditions(take_profit="170", stop_loss="140").fields(NOW)}
    exits = OrderBody.model_validate(bought(options) if exact_out else options).to_exits()
    assert exits is not None
    assert exits.limit is not None
    assert exits.limit.price.value == Fraction(170) / 1000


OPEN = {"orderId": "ord_12345678", "status": "open", "mode": "exactIn", **SWAP}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"orderType": "limit", "limitPrice": "160"}, "limit 160"),
        ({"orderType": "stop", "triggerPrice": "140", "limitPrice": "138"}, "stop 140, limit 138"),
        ({"orderType": "trailingStop", "trailingBps": 250}, "trail 2.5 %"),
        ({"orderType": "trailingStop", "trailingBps": 200, "activationPrice": "165"}, "trail 2 % from 165"),
        (
            {"orderType": "trailingStop", "trailingBps": 200, "market": {"stopPrice": "147"}},
            "trail 2 % at 147",
        ),
        ({"orderType": "oco", **EXITS}, "limit 170 or stop 140"),
    ],
)
def test_what_is_waited_for_is_one_phrase(asked: dict[str, object], words: str) -> None:
    assert condition({**OPEN, **asked}) == words  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("status", "step", "detail", "words"),
    [
        (
            "triggered",
            None,
            {"by": "limit", "price": "161", "threshold": "160"},
            "limit: 161, waited for 160",
        ),
        ("triggered", None, {"by": "retry"}, ""),
        ("open", "activated", {"price": "165", "slot": 3}, "trails from 165 on"),
        (
            "open",
            "refused",
            {"rule": "maxDaily", "observed": "9 USDC", "allowed": "5 USDC"},
            "held back by maxDaily: 9 USDC, allowed 5 USDC",
        ),
        ("open", "released", {"error": {"code": "no_venue", "message": "none"}}, "none"),
        ("open", None, {"orderType": "limit", "limitPrice": "160"}, "limit 160"),
        ("pending", None, {"tokenIn": "SOL"}, ""),
        ("cancelled", None, {"by": "client", "error": {"message": "by you"}}, "by you"),
    ],
)
def test_what_an_event_adds_is_one_phrase(
    status: str, step: str | None, detail: dict[str, object], words: str
) -> None:
    assert remark(Event("ord_1", 1, status, step, 1, "", detail)) == words  # type: ignore[arg-type]


def test_the_table_shows_how_far_the_market_is() -> None:
    limit = {"orderType": "limit", "limitPrice": "160"}
    market = {"slot": 1, "price": "155.2", "mid": "155.3", "distanceBps": 309}
    console = Console(width=100, record=True, file=None)
    with console.capture() as shown:
        console.print(
            table([{**OPEN, **limit, "market": market}, {**OPEN, **limit, "status": "held", "market": None}])  # type: ignore[dict-item]
        )
    first, held = shown.get().splitlines()[1:3]
    assert "limit 160" in first
    assert "155.2" in first
    assert "3.09 %" in first
    assert "held" in held
    assert "%" not in held


def test_what_is_shown_anew_goes_on_after_an_outage_and_ends_with_a_refusal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers: list[list[Document] | DexecError] = [
        ConnectionLost("it did not answer"),
        [{**OPEN, "orderType": "limit", "limitPrice": "160", "market": None}],
        refusal("this API key is not valid", 401),
    ]

    async def asked(_: Target) -> list[Document]:
        answer = answers.pop(0)
        if isinstance(answer, DexecError):
            raise answer
        return answer

    monkeypatch.setattr(open_orders, "waiting", asked)
    monkeypatch.setattr(open_orders, "EVERY_S", 0.0)
    with pytest.raises(DexecError, match="not valid"):
        open_orders.follow(Target("", "", ""))
    assert "limit 160" in capsys.readouterr().out
