"""A history in a spreadsheet."""

from __future__ import annotations

import csv
import io

from dexec_client.raw.json_types import Document
from infra.cli.csv_export import COLUMNS, write_orders

CONFIRMED: Document = {
    "orderId": "ord_1",
    "clientOrderId": "with, a comma",
    "status": "confirmed",
    "amountOut": "228.157816",
    "slippageBps": 0,
    "error": None,
}
FAILED: Document = {"orderId": "ord_2", "status": "failed", "error": {"code": "no_venue", "message": "none"}}


def written(*orders: Document) -> list[dict[str, str]]:
    stream = io.StringIO(newline="")
    write_orders(orders, stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue(), newline="")))


def test_a_line_an_order_with_a_cell_a_column() -> None:
    confirmed, failed = written(CONFIRMED, FAILED)
    assert tuple(confirmed) == COLUMNS
    assert confirmed["clientOrderId"] == "with, a comma"
    assert (confirmed["amountOut"], confirmed["slippageBps"]) == ("228.157816", "0")
    assert (confirmed["errorCode"], confirmed["signature"]) == ("", "")
    assert (failed["errorCode"], failed["errorMessage"]) == ("no_venue", "none")


def test_an_own_id_is_no_formula() -> None:
    (order,) = written({**CONFIRMED, "clientOrderId": '=HYPERLINK("https://example.invalid")'})
    assert order["clientOrderId"].startswith("'=")


def test_no_orders_are_a_line_of_names() -> None:
    assert written() == []
