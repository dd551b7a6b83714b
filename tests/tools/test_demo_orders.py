"""``dexec demo --orders`` without a deployment: its prices, its board, its verdict, what it leaves behind."""

from __future__ import annotations

import asyncio
import io
from decimal import Decimal
from fractions import Fraction
from typing import cast

import pytest
from rich.console import Console

from dexec.adapters.paper.simulator import PaperDesk, PaperMarket, ScriptedMove, one_move
from dexec_client.errors import ApiError
from dexec_client.raw.api import Api
from dexec_client.raw.events import Event
from dexec_client.raw.feed import Feed
from dexec_client.raw.json_types import Document
from infra.cli import demo_orders, output
from infra.cli.demo_orders import BASE, DIP, EXIT, Market, Occupied, OrdersDemo, bodies
from infra.cli.waiting_board import Fill, Row, WaitingBoard
from tests.support.fakes import FakeClock
from tests.support.stored_moves import LEAD, StoredMoves

MARKET = Market(sells_at=Decimal("151.234567"), buys_at=Decimal("144.7"))


class OneClient:
    """What the demo asks the API for; ``too_late`` are orders that are being executed."""

    def __init__(self, orders: dict[str, Document] | None = None, too_late: str = "") -> None:
        self.stored = orders or {}
        self.too_late = too_late
        self.cancelled: list[str] = []

    async def order(self, order_id: str) -> Document:
        return self.stored[order_id]

    async def cancel(self, order_id: str) -> Document:
        if order_id == self.too_late:
            raise ApiError("too late to cancel", 409)
        self.cancelled.append(order_id)
        return {}

    async def orders(self, status: str) -> object:
        assert status == "active"
        for order in self.stored.values():
            yield order


def demo(client: OneClient) -> OrdersDemo:
    desk = PaperDesk(PaperMarket(1), StoredMoves(), FakeClock(), LEAD)
    return OrdersDemo(cast(Api, client), cast(Feed, None), desk)


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return what is printed, on 80 columns."""
    shown = io.StringIO()
    piped = Console(file=shown, width=80)
    monkeypatch.setattr(output, "console", lambda: piped)
    return shown


def order(name: str, **fields: object) -> Document:
    """Return an order of the demo as the API shows it, fired and filled within its limit."""
    sell: Document = {"tokenIn": "SOL", "amountIn": "1", "amountOut": "144.5", "events": []}
    usual: dict[str, Document] = {
        "stop": {**sell, "orderType": "stop", "fired": "stop"},
        "limit": {
            "orderType": "limit",
            "limitPrice": "140.36",
            "fired": "limit",
            "tokenIn": "USDC",
            "amountIn": "140.36",
            "amountOut": "1",
            "events": [],
        },
        "entry": {"tokenIn": "USDC", "amountIn": "150", "amountOut": "1.03", "orderType": "market"},
        EXIT: {
            **sell,
            "orderType": "oco",
            "takeProfit": {"limitPrice": "155.77"},
            "stopLoss": {"triggerPrice": "136.11"},
            "fired": "limit",
            "amountIn": "1.03",
            "amountOut": "160.5",
        },
        "trail": {**sell, "orderType": "trailingStop", "fired": "trail"},
    }
    end: Document = {"orderId": name, "status": "confirmed", "priceUnit": "USDC per SOL"}
    return {**end, **usual[name], **cast(Document, fields)}


def reported(printed: io.StringIO, *names: str, **changed: Document) -> bool:
    del printed
    wanted = names or ("stop", "limit", "entry", EXIT, "trail")
    shown = demo(OneClient({name: changed.get(name, order(name)) for name in wanted}))
    for name in wanted:
        shown.board.add(Row(name, name))
    return asyncio.run(shown.report())


def test_each_order_is_fired_by_its_move_with_room_to_spare() -> None:
    found = bodies(MARKET)
    dip, rise = Decimal("0.95"), Decimal("1.045")
    assert Decimal(str(found["stop"]["triggerPrice"])) > MARKET.sells_at * dip * Decimal("1.01")
    assert Decimal(str(found["limit"]["limitPrice"])) > MARKET.buys_at * dip * Decimal("1.01")
    profit, loss = cast(Document, found["entry"]["takeProfit"]), cast(Document, found["entry"]["stopLoss"])
    assert Decimal(str(profit["limitPrice"])) < MARKET.sells_at * rise * Decimal("0.99")
    assert Decimal(str(loss["triggerPrice"])) < MARKET.sells_at * dip * Decimal("0.99")
    # The trail begins on the rise, and is behind the way back from it.
    begins = Decimal(str(found["trail"]["activationPrice"]))
    assert MARKET.sells_at < begins < MARKET.sells_at * rise * Decimal("0.99")
    assert begins * Decimal("0.98") < MARKET.sells_at < MARKET.sells_at * rise * Decimal("0.98")


def test_a_run_in_which_all_fire_within_their_limits_is_good(printed: io.StringIO) -> None:
    assert reported(printed)
    text = printed.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert "at 140.36" in text
    assert "take-profit" in text
    assert "0.06 better than 155.77" in text
    assert "The entry bought 1.03 SOL, and its exit sold 1.03 SOL." in text


@pytest.mark.parametrize(
    ("name", "fields", "says"),
    [
        ("limit", {"amountIn": "140.360001"}, "0.000001 WORSE than 140.36"),
        (EXIT, {"amountOut": "160.443099"}, "WORSE than 155.77"),
        (EXIT, {"fired": "stop", "amountOut": "130"}, "no limit"),
        (EXIT, {"amountIn": "1.02", "amountOut": "160.5"}, "bought 1.03 SOL, and its exit sold 1.02"),
        (
            "trail",
            {"status": "failed", "fired": None, "amountOut": None, "error": {"message": "no funds"}},
            "no funds",
        ),
        ("stop", {"fired": "limit"}, "144.50"),
    ],
)
def test_a_run_is_not_good_in_which_one(printed: io.StringIO, name: str, fields: Document, says: str) -> None:
    assert not reported(printed, **{name: order(name, **fields)})
    assert says in printed.getvalue()


def test_a_run_that_broke_off_before_all_were_placed_is_not_good(printed: io.StringIO) -> None:
    assert not reported(printed, "stop", "limit")


def test_whatever_happens_its_orders_are_cancelled_and_its_moves_undone(printed: io.StringIO) -> None:
    del printed
    client = OneClient(too_late="b")
    shown = demo(client)
    shown.desk.write([ScriptedMove(0, BASE, Fraction(9, 10))])  # Of the user's own: it stays.

    async def interrupted() -> None:
        async with shown.cleaned_up():
            for order_id, status in (("a", "open"), ("b", "submitted"), ("c", "confirmed"), ("d", "held")):
                shown.board.add(Row(order_id, order_id, status))
            await shown._move(one_move(BASE, DIP))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(interrupted())
    assert client.cancelled == ["a", "d"]
    total = shown.desk.tape().factors(shown.desk.now() + LEAD)
    assert total[BASE] == Fraction(9, 10)


def test_the_board_shows_the_newest_price_and_says_when_it_has_moved(printed: io.StringIO) -> None:
    board = WaitingBoard()
    board.add(Row("stop", "a"))
    opened: Document = {"orderType": "stop", "triggerPrice": "147.78", "priceUnit": "USDC per SOL"}
    board.take(Event("a", 1, "open", None, 1, "2026-11-22T01:10:00.123Z", opened))
    waiting: Document = {"orderId": "a", "tokenIn": "SOL", "tokenOut": "USDC", **opened}
    board.see({**waiting, "market": None})
    assert board.row("stop").now is None
    board.see({**waiting, "market": {"price": "152.35022", "distanceBps": 300}})
    board.see({**waiting, "market": {"price": "144.75", "distanceBps": None}})
    output.console().print(board)
    board.take(Event("a", 2, "triggered", None, 1, "2026-11-22T01:10:05.000Z", {}))
    assert board.row("stop").now is None
    first, price, *table = printed.getvalue().splitlines()[:4]
    assert first == "01:10:00 stop    open      stop 147.78"
    assert price.endswith("market            1 SOL sells at 144.75 USDC")
    assert table[1].split() == ["stop", "open", "144.75", "stop", "147.78"]


@pytest.mark.parametrize(
    ("statuses", "says"), [(["open"], "an order waits"), (["held", "open"], "2 orders wait")]
)
def test_orders_that_wait_are_not_fired_by_it(statuses: list[str], says: str) -> None:
    stored: dict[str, Document] = {str(n): {"status": status} for n, status in enumerate(statuses)}
    with pytest.raises(Occupied, match=says):
        asyncio.run(demo_orders._check_alone(cast(Api, OneClient(stored))))
    asyncio.run(demo_orders._check_alone(cast(Api, OneClient({"1": {"status": "submitted"}}))))


def test_a_fill_is_compared_exactly() -> None:
    exact = Fill(Decimal("155.77") * Decimal("1.026051402"), Decimal("1.026051402"), True, Decimal("155.77"))
    assert (exact.kept, exact.against_limit()) == (True, "at 155.77")
    below = Fill(exact.quote - Decimal("1e-15"), exact.base, True, exact.limit)
    assert not below.kept
