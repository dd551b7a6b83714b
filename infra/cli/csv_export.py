"""A history as CSV (RFC 4180), one order a line."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from dexec_client.raw.json_types import Document

COLUMNS = (
    "orderId",
    "clientOrderId",
    "status",
    "mode",
    "tokenIn",
    "tokenOut",
    "amount",
    "slippageBps",
    "amountIn",
    "amountOut",
    "attempt",
    "signature",
    "errorCode",
    "errorMessage",
    "createdAt",
    "updatedAt",
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_orders(orders: Iterable[Document], stream: TextIO) -> None:
    """Write a line of names, then the orders, amounts as the API gives them."""
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    for order in orders:
        error = order.get("error")
        reasons = error if isinstance(error, dict) else {}
        known = {**order, "errorCode": reasons.get("code"), "errorMessage": reasons.get("message")}
        writer.writerow([_cell(known.get(name)) for name in COLUMNS])


def _cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula: ids are what clients made up."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
