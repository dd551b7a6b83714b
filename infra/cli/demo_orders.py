"""``dexec demo --orders``: four orders that wait, and a market that is moved until each has fired."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import cast

from dexec.adapters.paper.simulator import PaperDesk, ScriptedMove, one_move, time_of
from dexec_client.errors import DexecError
from dexec_client.raw.api import Api
from dexec_client.raw.events import TERMINAL
from dexec_client.raw.feed import Feed
from dexec_client.raw.json_types import Document
from infra.cli import output
from infra.cli.open_orders import WAITS
from infra.cli.tape_views import change_words
from infra.cli.waiting_board import Row, WaitingBoard, drawn, print_fills
from infra.local.errors import LocalError
from infra.local.home import Home, State
from infra.operators import paper_market

BASE, QUOTE = "SOL", "USDC"
DIP, RISE = "-5%", "+10%"
SPENT = "150"
"""USDC that the bracket's entry pays."""

PATIENCE_S = 20.0
"""How long an act may take: about five seconds where nothing else runs."""

LOOK_EVERY_S = 0.5


class Occupied(LocalError):
    """Other orders wait on the deployment, and the demo would fire them."""


@dataclass(frozen=True)
class Market:
    """What a SOL costs before anything moves: what selling one brings, and what buying one takes, in USDC."""

    sells_at: Decimal
    buys_at: Decimal

    def sale(self, part: str) -> str:
        """Return a part of the price for which a SOL is sold."""
        return _price(self.sells_at * Decimal(part))

    def purchase(self, part: str) -> str:
        """Return a part of the price for which a SOL is bought."""
        return _price(self.buys_at * Decimal(part))


def bodies(market: Market) -> dict[str, Document]:
    """Return the orders by name: all prices are USDC per SOL, and what fires each is one of the moves.

    The dip fires ``stop`` and ``limit``, the rise the bracket's take-profit, the way back ``trail``, whose
    stop has followed the rise.
    """
    pair: Document = {"baseAsset": BASE, "quoteAsset": QUOTE, "amount": "1"}
    sell, buy = {"side": "sell", **pair}, {"side": "buy", **pair}
    exits: Document = {
        "takeProfit": {"limitPrice": market.sale("1.03")},
        "stopLoss": {"triggerPrice": market.sale("0.90")},
    }
    trail: Document = {"trailingBps": 200, "activationPrice": market.sale("1.02")}
    return {
        "stop": {**sell, "orderType": "stop", "triggerPrice": market.sale("0.97")},
        "limit": {**buy, "orderType": "limit", "limitPrice": market.purchase("0.97")},
        "entry": {"tokenIn": QUOTE, "tokenOut": BASE, "amount": SPENT, **exits},
        "trail": {**sell, "orderType": "trailingStop", **trail},
    }


EXIT = "exit"
FIRED = {"stop": "stop", "limit": "limit", EXIT: "limit", "trail": "trail"}
"""By which of its conditions each has to fire."""


async def show(state: State, home: Home) -> bool:
    """Run the demo on a deployment; return whether each order did what it should.

    Whatever happens, no order of it is left and the market is moved back. Raises ``Occupied``, ``NotLive``.
    """
    with paper_market.local(home) as desk:
        paper_market.check_live(desk)
        async with (
            Api(state.http_url, state.api_key) as api,
            Feed(state.websocket_url, state.api_key) as feed,
        ):
            await _check_alone(api)
            demo = OrdersDemo(api, feed, desk)
            async with demo.cleaned_up():
                await demo.play()
            return await demo.report()


async def _check_alone(api: Api) -> None:
    waiting = [order async for order in api.orders(status="active") if order["status"] in WAITS]
    if waiting:
        what = f"{len(waiting)} orders wait" if len(waiting) > 1 else "an order waits"
        raise Occupied(
            f"{what} on this deployment, and the demo moves the market, which may fire what waits: "
            "dexec cancel --all cancels it, and --home gives the demo a deployment of its own"
        )


@dataclass
class OrdersDemo:
    """A run: the orders placed, and the moves written so far."""

    api: Api
    feed: Feed
    desk: PaperDesk
    board: WaitingBoard = field(default_factory=WaitingBoard)
    moved: Fraction = Fraction(1)

    async def play(self) -> None:
        """Place the orders, and move the market until each has fired; stop where one does not in time."""
        with contextlib.suppress(TimeoutError):
            await self._place()
            with drawn(self.board):
                looking = asyncio.create_task(self._look())
                try:
                    await self._acts()
                finally:
                    looking.cancel()

    async def _acts(self) -> None:
        over, row = self._over, self.board.row
        await self._until(lambda: over("entry") and row(EXIT).status == "open")
        await self._move(one_move(BASE, DIP))
        await self._until(lambda: over("stop") and over("limit"))
        await self._move(one_move(BASE, RISE))
        await self._until(lambda: over(EXIT) and row("trail").activated)
        await self._move_back()
        await self._until(lambda: over("trail"))

    # --- orders --------------------------------------------------------------------------------------

    async def _place(self) -> None:
        """Place the orders and watch them from their first event on."""
        market = Market(
            await self._quoted(BASE, QUOTE, "exactIn"), await self._quoted(QUOTE, BASE, "exactOut")
        )
        output.say(f"\n[bold]1 {BASE} sells at {_price(market.sells_at)} {QUOTE}, and four orders wait[/]\n")
        for name, body in bodies(market).items():
            placed = await self.api.place(body)
            self.board.add(Row(name, str(placed["orderId"])))
            if placed.get("exitId"):
                self.board.add(Row(EXIT, str(placed["exitId"])))
        for row in self.board.rows:
            await self.feed.subscribe(row.order_id)

    async def _quoted(self, token_in: str, token_out: str, mode: str) -> Decimal:
        """Return what one SOL brings, or takes, in USDC."""
        quoted = await self.api.quotes(token_in, token_out, "1", mode)
        route = cast(Document, quoted["route"])
        return Decimal(str(route["amountOut" if mode == "exactIn" else "amountIn"]))

    def _over(self, name: str) -> bool:
        return self.board.row(name).status in TERMINAL

    async def _until(self, holds: Callable[[], bool]) -> None:
        """Show events until a condition holds. Raises ``TimeoutError``."""
        async with asyncio.timeout(PATIENCE_S), contextlib.aclosing(self.feed.events()) as events:
            while not holds():
                self.board.take(await anext(events))

    async def _look(self) -> None:
        """Show how far each order is from its price, without end."""
        while True:
            with contextlib.suppress(DexecError):
                async for order in self.api.orders(status="active"):
                    self.board.see(order)
            await asyncio.sleep(LOOK_EVERY_S)

    # --- the market ----------------------------------------------------------------------------------

    async def _move(self, script: list[ScriptedMove]) -> None:
        (move,) = (await asyncio.to_thread(self.desk.write, script)).moves
        self.moved *= move.factor
        back = self.moved == 1
        words = "back to where it was" if back else change_words(move.factor)
        self.board.say_market(f"{BASE} {words} at {time_of(move.slot):%H:%M:%S}, on every venue")

    async def _move_back(self) -> None:
        """Undo the moves of this run, and no others."""
        if self.moved != 1:
            await self._move([ScriptedMove(0, BASE, 1 / self.moved)])

    @contextlib.asynccontextmanager
    async def cleaned_up(self) -> AsyncIterator[None]:
        """Leave no order of the body's that waits, and the market as it was."""
        try:
            yield
        finally:
            for row in self.board.rows:
                if row.status not in TERMINAL:
                    # Too late means that it is being executed, or is over: nothing is left of it either.
                    with contextlib.suppress(DexecError):
                        await self.api.cancel(row.order_id)
            await self._move_back()

    # --- what came of it -----------------------------------------------------------------------------

    async def report(self) -> bool:
        """Print what fired each order and what it got; return whether all did what they should."""
        orders = {row.name: await self.api.order(row.order_id) for row in self.board.rows}
        output.say("\n[bold]What fired each, and what it got[/]\n")
        held = print_fills({name: orders[name] for name in FIRED if name in orders})
        fired = all(name in orders and orders[name]["fired"] == by for name, by in FIRED.items())
        if not (held and fired):
            return False
        bought, sold = orders["entry"]["amountOut"], orders[EXIT]["amountIn"]
        output.say(f"\nThe entry bought {bought} {BASE}, and its exit sold {sold} {BASE}.")
        return bought == sold


def _price(price: Decimal) -> str:
    return str(price.quantize(Decimal("0.01")))
