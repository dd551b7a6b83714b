"""The fields of an amendment, from the options of ``dexec amend``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from infra.cli.conditions import by_option
from infra.cli.durations import end_of
from infra.cli.percent import trail_bps

if TYPE_CHECKING:
    from dexec_client.raw.json_types import Document

OPTIONS = {
    "amount": "--amount",
    "limitPrice": "--limit",
    "triggerPrice": "--stop",
    "trailingBps": "--trail",
    "activationPrice": "--activation",
    "takeProfit.limitPrice": "--limit",
    "stopLoss.triggerPrice": "--stop",
    "stopLoss.trailingBps": "--trail",
    "stopLoss.activationPrice": "--activation",
    "expiresAt": "--expires",
}
"""The option by which each field of an amendment is given."""

NOTHING = "none"
"""What takes away a price or an expiry that can be missing."""


def amendment(order_type: str, given: Mapping[str, str | None], now: datetime) -> Document:
    """Return the fields that options stand for, of an order of this type. Raises ``BadParameter``."""
    found: Document = {}
    for option, text in given.items():
        if text is not None:
            _put(found, order_type, option, text, now)
    return found


def amended_by_option(refusal: str) -> str:
    """Return the words of a refusal with the option in the place of the field that it names, if any."""
    return by_option(refusal, OPTIONS)


def _put(found: Document, order_type: str, option: str, text: str, now: datetime) -> None:
    value = None if text == NOTHING else text
    match option:
        case "expires":
            found["expiresAt"] = None if value is None else end_of(value, now)
        case "amount":
            found["amount"] = value
        case "limit" if order_type == "oco":
            found["takeProfit"] = None if value is None else {"limitPrice": value}
        case "limit":
            found["limitPrice"] = value
        case _:
            _put_stop(found, order_type, option, value)


def _put_stop(found: Document, order_type: str, option: str, value: str | None) -> None:
    name = {"stop": "triggerPrice", "trail": "trailingBps", "activation": "activationPrice"}[option]
    field = {name: trail_bps(value, "--trail") if option == "trail" and value is not None else value}
    if order_type != "oco":
        found |= field
        return
    if value is None and option != "activation":
        found["stopLoss"] = None
        return
    before = found.get("stopLoss")
    found["stopLoss"] = {**(before if isinstance(before, dict) else {}), **field}
