"""``dexec replay``: the running system on the same ticks triggers the same orders, at the same ticks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from dexec.domain.errors import Invalid
from dexec.domain.lifecycle import Status
from dexec.domain.order import Triggered
from dexec.domain.quote import Pair
from infra.cli.main import app
from infra.lab.replay.listed import read_orders
from infra.lab.replay.recorded import read_ticks, whole, written
from tests.proofs.simulation.world import World

SELL = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "0.1"}
BUY = {"side": "buy", "baseAsset": "SOL", "quoteAsset": "USDC", "amount": "0.05"}
SPEND = {"tokenIn": "USDC", "tokenOut": "SOL", "amount": "15"}
"""The amounts by which references are taken: an order of one fills where the reference is at its price."""

FAR = (0.4, 0.7, 1.1, 2.3, 4.0)
TICKS = 45


def text(price: float) -> str:
    return f"{price:.6f}"


def random_body(rnd: Random, now: float) -> dict[str, object]:
    """Return an order whose prices lie some percent from the market's."""
    near, far = sorted(rnd.sample(FAR, 2))
    below, above = text(now * (1 - far / 100)), text(now * (1 + near / 100))
    ticks, kind = {"confirmTicks": rnd.randint(1, 3)}, rnd.choice(("reference", "mid"))
    stop = {"triggerPrice": below, "triggerPriceType": kind, **ticks}
    trail: dict[str, object] = {"trailingBps": rnd.choice((50, 120, 300)), "triggerPriceType": kind, **ticks}
    if rnd.random() < 0.4:
        trail["activationPrice"] = above
    bodies: tuple[dict[str, object], ...] = (
        {**SELL, "orderType": "limit", "limitPrice": rnd.choice((above, below))},
        {**SELL, "orderType": "limit", "limitPrice": above, "timeInForce": "ioc"},
        {**SELL, "orderType": "stop", **stop},
        {**SELL, "orderType": "stop", **stop, "triggerPrice": above},
        {**SELL, "orderType": "trailingStop", **trail},
        {**SELL, "orderType": "oco", "takeProfit": {"limitPrice": above}, "stopLoss": stop},
        {**SELL, "orderType": "oco", "takeProfit": {"limitPrice": above}, "stopLoss": trail},
        {**SPEND, "orderType": "limit", "limitPrice": f"{1 / float(below):.9f}"},
        {**BUY, "stopLoss": {**trail, "activationPrice": above}},
        {**SPEND, "stopLoss": stop},
    )
    return rnd.choice(bodies)


@dataclass
class Play:
    """A system that ran over a random market: what was placed, and what became of it."""

    seed: int
    world: World = field(default_factory=World)
    lines: list[dict[str, object]] = field(default_factory=list)
    placed: list[str | None] = field(default_factory=list)

    def run(self) -> None:
        rnd, world = Random(self.seed), self.world
        alice = world.client("alice", orders_per_minute=0)
        for pair in ({**SELL, "limitPrice": "9999"}, {**SPEND, "limitPrice": "1"}):
            # Both books are ticked from the start.
            self._place(alice, {**pair, "orderType": "limit"})
        for _ in range(TICKS):
            world.market.move("SOL", Fraction(rnd.randint(982, 1_018), 1_000))
            world.tick()
            self._execute()
            newest = world.sightings.written[Pair("SOL", "USDC")][-1]
            self._place(alice, random_body(rnd, float(whole(newest.pair, newest.reference))), rnd)

    def _place(self, alice: object, body: dict[str, object], rnd: Random | None = None) -> None:
        now = self.world.clock.now()
        line = {**body, "placedAt": now.isoformat()}
        if rnd is not None and rnd.random() < 0.2:
            line["deadline"] = rnd.randint(2, 20)
        (one,) = read_orders(json.dumps(line))
        order = self.world.place(alice, one.request, terms=one.terms, exits=one.exits)  # type: ignore[arg-type]
        self.lines.append(line)
        self.placed.append(None if order is None else order.id)
        self._execute()

    def _execute(self) -> None:
        """Have all that goes filled before the market moves."""
        while self.world.deliver():
            pass

    def became(self) -> list[object]:
        """Return what became of each order, as a replay says it: its outcome, and the slot of its trigger."""
        histories = {order.id: (order, events) for order, events in self.world.backend.audit.histories()}

        def of(order_id: str | None) -> object:
            if order_id is None:
                return ("refused", None)
            order, events = histories[order_id]
            slots = [event.detail.slot for event in events if isinstance(event.detail, Triggered)]
            if slots:
                return ("triggered", slots[0])
            first = events[0].status
            outcome = {Status.OPEN: "waits", Status.PENDING: "atOnce", Status.HELD: "waits"}[first]
            ended = {Status.EXPIRED: "expired", Status.CANCELLED: "cancelled"}.get(order.status, outcome)
            return (ended, None) if order.exit_id is None else (ended, None, of(order.exit_id))

        return [of(one) for one in self.placed]


def said(document: dict[str, object]) -> object:
    """Return what a replay says of an order."""
    found = (document["outcome"], document.get("slot"))
    inner = document.get("exit")
    return found if inner is None else (*found, said(inner))  # type: ignore[arg-type]


def replayed(
    path: Path, ticks: str, lines: list[dict[str, object]], *options: str
) -> list[dict[str, object]]:
    (path / "ticks").write_text(ticks)
    (path / "orders").write_text("\n".join(json.dumps(line) for line in lines))
    result = CliRunner().invoke(
        app, ["replay", str(path / "ticks"), str(path / "orders"), "--json", *options]
    )
    assert result.exit_code == 0, result.output + repr(result.exception)
    found: list[dict[str, object]] = json.loads(result.stdout)["orders"]
    return found


@pytest.mark.parametrize("seed", range(3))
def test_the_running_system_triggers_what_a_replay_of_its_ticks_does(seed: int, tmp_path: Path) -> None:
    play = Play(seed)
    play.run()
    ticks = sorted(
        (tick for seen in play.world.sightings.written.values() for tick in seen), key=lambda one: one.slot
    )
    found = [said(one) for one in replayed(tmp_path, written(ticks), play.lines)]
    became = play.became()
    for line, one, other in zip(play.lines, became, found, strict=True):
        assert one == other, line
    assert sum(isinstance(one, tuple) and one[0] == "triggered" for one in became) > 5


TICK = {"slot": 7, "at": "2026-01-01T00:00:00Z", "book": "SOL/USDC", "reference": "150.25"}
STOP = {**SELL, "orderType": "stop", "triggerPrice": "150"}


def series(*prices: object) -> str:
    """Return ticks of one book, a second apart."""
    return "".join(
        json.dumps({**TICK, "slot": n, "at": f"2026-01-01T00:00:{n:02}Z", "reference": price}) + "\n"
        for n, price in enumerate(prices, start=1)
    )


def test_a_stop_is_told_of_by_its_confirming_tick_in_the_clients_unit(tmp_path: Path) -> None:
    lines: list[dict[str, object]] = [{**STOP, "clientOrderId": "mine"}]
    (found,) = replayed(tmp_path, series("151", "299/2", 151, 149.5, "148"), lines)
    assert found == {
        "line": "line 1",
        "clientOrderId": "mine",
        "orderType": "stop",
        "tokenIn": "SOL",
        "tokenOut": "USDC",
        "outcome": "triggered",
        "at": "2026-01-01T00:00:05Z",
        "by": "stop",
        "slot": 5,
        "price": "148",
        "threshold": "150",
        "priceUnit": "USDC per SOL",
    }
    plain = CliRunner().invoke(app, ["replay", str(tmp_path / "ticks"), str(tmp_path / "orders")])
    assert "triggered by its stop at slot 5, 2026-01-01T00:00:05Z: 148 USDC per SOL" in plain.stdout


def test_what_does_not_trigger_says_why(tmp_path: Path) -> None:
    placed = {"placedAt": "2026-01-01T00:00:02.5Z"}
    limit = {**SELL, "orderType": "limit", "limitPrice": "152"}
    lines: list[dict[str, object]] = [
        {**STOP, "triggerPrice": "100"},
        {**STOP, "triggerPrice": "100", "deadline": 2},
        {**STOP, "triggerPrice": "155", **placed},
        {**limit, "timeInForce": "ioc", **placed},
        {**limit, "limitPrice": "149", **placed},
        {**limit, "takeProfit": {"limitPrice": "1"}},
    ]
    found = replayed(tmp_path, series(151, 150, 151, 151), lines)
    outcomes = [one["outcome"] for one in found]
    assert outcomes == ["waits", "expired", "refused", "cancelled", "atOnce", "waits"]
    assert "would trigger at once" in str(found[2]["reason"])
    assert said(found[5]) == ("waits", None, ("held", None))


def test_a_paper_tape_becomes_ticks_that_replay_the_same(tmp_path: Path) -> None:
    lines: list[dict[str, object]] = [
        {**STOP, "triggerPrice": "140"},
        {**SPEND, "stopLoss": {"triggerPrice": "140"}},
    ]
    copy = tmp_path / "copy"
    found = replayed(tmp_path, "# a fall\n+5s SOL -10%\n", lines, "--ticks", str(copy))
    assert [said(one) for one in found] == [
        ("triggered", found[0]["slot"]),
        ("atOnce", None, ("triggered", found[0]["slot"])),
    ]
    assert replayed(tmp_path, copy.read_text(), lines) == found
    assert written(read_ticks(copy.read_text(), [])) == copy.read_text(), "prices are exact"


@pytest.mark.parametrize(
    ("ticks", "orders", "message"),
    [
        ("{", json.dumps(STOP), "ticks: line 1 is no JSON"),
        (json.dumps({**TICK, "reference": "-1"}), json.dumps(STOP), "line 1: a price is greater than zero"),
        (json.dumps({**TICK, "book": "SOL"}), json.dumps(STOP), "'SOL' is no book: write SOL/USDC"),
        (json.dumps({**TICK, "at": "2026-01-01T00:00:00"}), json.dumps(STOP), "lacks its offset from UTC"),
        (json.dumps({**TICK, "price": "1"}), json.dumps(STOP), "line 1: a tick has no price"),
        (json.dumps(TICK) + "\n" + json.dumps(TICK), json.dumps(STOP), "slots of SOL/USDC have to rise: 7"),
        ("", json.dumps(STOP), "has no ticks"),
        (json.dumps(TICK), json.dumps({**STOP, "triggerPrice": "0"}), "line 1: triggerPrice must be greater"),
        (json.dumps(TICK), "\n" + json.dumps({**STOP, "orderTyp": "stop"}), "orders: line 2: "),
    ],
)
def test_a_wrong_line_is_refused_with_its_place(
    ticks: str, orders: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "ticks").write_text(ticks)
    (tmp_path / "orders").write_text(orders)
    result = CliRunner().invoke(app, ["replay", str(tmp_path / "ticks"), str(tmp_path / "orders")])
    assert isinstance(result.exception, Invalid)
    assert message in str(result.exception)
