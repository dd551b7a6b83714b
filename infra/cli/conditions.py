"""What ``dexec order`` may wait for: its options as fields of an order's body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.durations import duration, end_of
from infra.cli.percent import trail_bps

if TYPE_CHECKING:
    from dexec_client.raw.json_types import Document, Json

WAITING = "Orders that wait"
PRICE = "PRICE"
LONGEST_DEADLINE = timedelta(days=1)
"""What lasts longer has a time of day as its end."""

OPTIONS = {
    "clientOrderId": "--label",
    "minAmountOut": "--min-out",
    "maxAmountIn": "--max-in",
    "deadline": "--deadline",
    "limitPrice": "--limit",
    "triggerPrice": "--stop",
    "trailingBps": "--trail",
    "activationPrice": "--activation",
    "takeProfit.limitPrice": "--take-profit",
    "stopLoss.triggerPrice": "--stop-loss",
    "stopLoss.trailingBps": "--stop-loss",
    "expiresAt": "--expires",
}
"""The option by which each field of an order is given."""

LimitOption = Annotated[
    str | None,
    typer.Option(
        "--limit",
        metavar=PRICE,
        rich_help_panel=WAITING,
        help="Trade at this price or better; with --stop or --trail, once they are due. A price is TO per "
        "FROM, with --exact-out FROM per TO.",
    ),
]
StopOption = Annotated[
    str | None,
    typer.Option("--stop", metavar=PRICE, rich_help_panel=WAITING, help="Trade once the price is this bad."),
]
TrailOption = Annotated[
    str | None,
    typer.Option(
        "--trail",
        metavar="PERCENT",
        rich_help_panel=WAITING,
        help="A stop this far from the best price, such as 2%.",
    ),
]
ActivationOption = Annotated[
    str | None,
    typer.Option(
        "--activation", metavar=PRICE, rich_help_panel=WAITING, help="With --trail: trail from this price on."
    ),
]
OcoOption = Annotated[
    bool,
    typer.Option(
        "--oco", rich_help_panel=WAITING, help="Take the profit or stop the loss, whichever comes first."
    ),
]
TakeProfitOption = Annotated[
    str | None,
    typer.Option(
        "--take-profit",
        metavar=PRICE,
        rich_help_panel=WAITING,
        help="Where to take the profit; without --oco, of what this order gets, in FROM per TO.",
    ),
]
StopLossOption = Annotated[
    str | None,
    typer.Option(
        "--stop-loss",
        metavar="PRICE|PERCENT",
        rich_help_panel=WAITING,
        help="Where to stop the loss: a price, or a trail like 2%; without --oco, as --take-profit.",
    ),
]
ExpiresOption = Annotated[
    str | None,
    typer.Option(
        "--expires",
        metavar="DURATION|TIME",
        rich_help_panel=WAITING,
        help="Until when: 90s, 30m, 2h, 7d, or a time in ISO 8601.",
        show_default="until it is cancelled",
    ),
]
IocOption = Annotated[
    bool, typer.Option("--ioc", rich_help_panel=WAITING, help="Try once when it is due, then give up.")
]


@dataclass(frozen=True)
class Conditions:
    """The options of an order that waits, as they were typed."""

    limit: str | None = None
    stop: str | None = None
    trail: str | None = None
    activation: str | None = None
    oco: bool = False
    take_profit: str | None = None
    stop_loss: str | None = None
    expires: str | None = None
    ioc: bool = False

    @property
    def waits(self) -> bool:
        """Whether the order itself waits for a price; a market order with exits does not."""
        return self.oco or any(one is not None for one in (self.limit, self.stop, self.trail))

    @property
    def has_prices(self) -> bool:
        """Whether any price is given, of the order or of its exits."""
        return self.waits or bool(self.take_profit or self.stop_loss)

    def fields(self, now: datetime) -> Document:
        """Return the fields of the body; raise ``BadParameter`` for what does not go together."""
        if self.stop is not None and self.trail is not None:
            raise typer.BadParameter("a stop is at a price, or it trails: give --stop or --trail")
        if self.oco and (self.limit or self.stop or self.trail):
            raise typer.BadParameter("--oco waits for --take-profit and --stop-loss, for nothing else")
        if self.oco and not (self.take_profit and self.stop_loss):
            raise typer.BadParameter("--oco waits for two prices: give --take-profit and --stop-loss")
        if self.activation is not None and self.trail is None:
            raise typer.BadParameter("--activation says where a trail begins: give --trail")
        if self.ioc and not self.waits:
            raise typer.BadParameter("--ioc is for orders that wait: give --limit, --stop, --trail or --oco")
        found: Document = {}
        if self.waits:
            found["orderType"] = self._order_type()
        given: dict[str, Json] = {
            "limitPrice": self.limit,
            "triggerPrice": self.stop,
            "trailingBps": None if self.trail is None else trail_bps(self.trail, "--trail"),
            "activationPrice": self.activation,
            "takeProfit": None if self.take_profit is None else {"limitPrice": self.take_profit},
            "stopLoss": None if self.stop_loss is None else _stop_loss(self.stop_loss),
            "timeInForce": "ioc" if self.ioc else None,
        }
        found |= {name: value for name, value in given.items() if value is not None}
        return found if self.expires is None else {**found, **expiry(self.expires, now)}

    def _order_type(self) -> str:
        if self.oco:
            return "oco"
        if self.trail is not None:
            return "trailingStop"
        return "limit" if self.stop is None else "stop"


def bought(wanted: Document) -> Document:
    """Return an order that fixes what it buys with its pair named by a side: its prices are FROM per TO.

    Of any other order a price is TO per FROM; those of exits are FROM per TO in both cases.
    """
    rest = {name: value for name, value in wanted.items() if name not in ("tokenIn", "tokenOut", "mode")}
    return {"side": "buy", "baseAsset": wanted["tokenOut"], "quoteAsset": wanted["tokenIn"], **rest}


def by_option(refusal: str, options: Mapping[str, str] = OPTIONS) -> str:
    """Return the words of a refusal with the option in the place of the field that it names, if any."""
    field, colon, message = refusal.partition(": ")
    return f"{options[field]}: {message}" if colon and field in options else refusal


def expiry(text: str, now: datetime) -> Document:
    """Return the field that says until when; a duration of a day at the most is the same at each try."""
    length = duration(text)
    if length is None or length > LONGEST_DEADLINE:
        return {"expiresAt": end_of(text, now)}
    return {"deadline": int(length.total_seconds())}


def _stop_loss(text: str) -> Document:
    if text.strip().endswith("%"):
        return {"trailingBps": trail_bps(text, "--stop-loss")}
    return {"triggerPrice": text}
