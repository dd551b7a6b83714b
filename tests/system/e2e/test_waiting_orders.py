"""Orders that wait, on a running deployment: the market falls, they fire, and no fill is beyond its limit."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

import httpx
import pytest

from dexec_client.raw.events import Event
from dexec_client.raw.json_types import Document
from infra.lab.chaos import evidence
from tests.system.e2e import command, inprocess
from tests.system.e2e.deployed import Deployed
from tests.system.e2e.evidence import wait_for_clean_queues, wait_until

BASE = "RAY"
"""What other tests of this deployment trade little."""

FALL = "-8%"
FIRED = ("stop", "limit", "oco", "exit", "trail")


@dataclass
class Fallen:
    """What became of orders that waited while the market fell, and what a stream heard of them."""

    orders: dict[str, Document] = field(default_factory=dict)
    heard: dict[str, list[Event]] = field(default_factory=dict)

    def ids(self, *names: str) -> list[str]:
        return [str(self.orders[name]["orderId"]) for name in names]


def quoted(client: httpx.Client, mode: str) -> Decimal:
    """Return what ten of the token bring (exactIn) or take (exactOut), for each, in USDC."""
    pair = (BASE, "USDC") if mode == "exactIn" else ("USDC", BASE)
    params = {"tokenIn": pair[0], "tokenOut": pair[1], "amount": "10", "mode": mode}
    route = client.get("api/quotes", params=params).json()["route"]
    return Decimal(route["amountOut" if mode == "exactIn" else "amountIn"]) / 10


def times(price: Decimal, part: str) -> str:
    return str((price * Decimal(part)).quantize(Decimal("0.000001")))


def place(client: httpx.Client, **fields: object) -> Document:
    pair = {"baseAsset": BASE, "quoteAsset": "USDC", "amount": "10"}
    answer = client.post("api/orders/execute", json={**pair, **fields})
    assert answer.status_code == 202, answer.text
    return cast(Document, answer.json())


def place_all(client: httpx.Client) -> dict[str, str]:
    """Place what the fall fires, what it has to leave alone, and a bracket; return their ids."""
    bid, ask = quoted(client, "exactIn"), quoted(client, "exactOut")
    far = {"takeProfit": {"limitPrice": times(bid, "1.5")}, "stopLoss": {"triggerPrice": times(bid, "0.96")}}
    sell, buy = {"side": "sell"}, {"side": "buy"}
    stop = {**sell, "orderType": "stop", "triggerPrice": times(bid, "0.96")}
    entry = place(client, **buy, **far)
    assert entry["status"] == "pending"
    found = {
        "stop": place(client, **stop),
        "limit": place(client, **buy, orderType="limit", limitPrice=times(ask, "0.96")),
        "oco": place(client, **sell, orderType="oco", **far),
        "trail": place(client, **sell, orderType="trailingStop", trailingBps=400),
        "gone": place(client, **stop),
        "far": place(client, **sell, orderType="limit", limitPrice=times(bid, "1.5")),
    }
    for placed in found.values():
        assert (placed["status"], placed["startsAt"]) == ("open", None)
    ids = {name: str(placed["orderId"]) for name, placed in found.items()}
    return {**ids, "entry": str(entry["orderId"]), "exit": str(entry["exitId"])}


def order(client: httpx.Client, order_id: str) -> Document:
    return cast(Document, client.get(f"api/orders/{order_id}").json())


def move(deployment: Deployed, *arguments: str) -> None:
    assert deployment.home is not None
    done = inprocess.run("market", *arguments, "--home", str(deployment.home.root), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["moves"]


async def hear(deployment: Deployed, key: str, ids: list[str], act: Callable[[], None]) -> list[Event]:
    """Open a stream, act, and return what it hears of some orders until all are over."""
    async with deployment.feed(key, stream=True) as feed:
        acting = asyncio.create_task(asyncio.to_thread(act))
        async with asyncio.timeout(25):
            heard = [event async for event in feed.until_terminal(ids)]
        await acting
    return heard


@pytest.fixture(scope="module")
def fallen(deployment: Deployed) -> Iterator[Fallen]:
    """Have orders wait, cancel one, let the market fall, and read what became of each."""
    if deployment.home is None:
        pytest.skip("this deployment has no home directory")
    key = deployment.new_key()
    with deployment.client(key) as client:
        ids = place_all(client)
        wait_until(lambda: order(client, ids["exit"])["status"] == "open", "the exit waits")
        wait_until(lambda: order(client, ids["stop"])["market"] is not None, "a tick was seen")
        assert client.delete(f"api/orders/{ids['gone']}").json()["status"] == "cancelled"
        waited = [ids[name] for name in FIRED]
        try:
            events = asyncio.run(hear(deployment, key, waited, lambda: move(deployment, "move", BASE, FALL)))
            orders = {name: order(client, order_id) for name, order_id in ids.items()}
        finally:
            client.post("api/orders/cancel", json={})
            move(deployment, "reset", BASE)
        time.sleep(2.5)  # Until that move has begun: what comes next is to find the usual prices.
    heard = {name: [event for event in events if event.order_id == ids[name]] for name in FIRED}
    yield Fallen(orders, heard)
    wait_for_clean_queues(deployment)


def triggers(order: Document) -> list[Document]:
    """Return what triggered an order by a price: a stop that could not be filled in time goes on later."""
    events = cast("list[Document]", order["events"])
    return [event for event in events if event["status"] == "triggered" and event["by"] != "retry"]


def test_each_fires_once_by_its_own_condition(fallen: Fallen) -> None:
    orders = {name: fallen.orders[name] for name in FIRED}
    assert {name: one["status"] for name, one in orders.items()} == dict.fromkeys(FIRED, "confirmed")
    by = {name: [event["by"] for event in triggers(one)] for name, one in orders.items()}
    assert by == {"stop": ["stop"], "limit": ["limit"], "oco": ["stop"], "exit": ["stop"], "trail": ["trail"]}
    for one in orders.values():
        (trigger,) = triggers(one)
        assert Decimal(str(trigger["price"])) <= Decimal(str(trigger["threshold"]))


def test_a_limit_fills_at_its_limit_or_better(fallen: Fallen) -> None:
    limit = fallen.orders["limit"]
    assert (limit["amountOut"], limit["priceUnit"]) == ("10", f"USDC per {BASE}")
    assert Decimal(str(limit["amountIn"])) <= 10 * Decimal(str(limit["limitPrice"]))


def test_a_stop_fills_within_its_slippage_of_what_the_market_gave(fallen: Fallen) -> None:
    stop = fallen.orders["stop"]
    (trigger,) = triggers(stop)
    assert stop["amountIn"] == "10"
    assert Decimal(str(stop["amountOut"])) >= 10 * Decimal(str(trigger["price"])) * Decimal("0.98")


def test_an_oco_and_every_other_is_paid_once(fallen: Fallen, deployment: Deployed) -> None:
    outcomes = evidence.outcomes(deployment.database_url, fallen.ids(*fallen.orders))
    assert len(outcomes) == len(fallen.orders)
    for outcome in outcomes.values():
        assert outcome.paid_once
    for order_id in fallen.ids(*FIRED, "entry"):
        assert outcomes[order_id].complete
        assert outcomes[order_id].debits == 1
    assert [event.status for event in fallen.heard["oco"]].count("confirmed") == 1


def test_an_exit_trades_exactly_what_its_entry_bought(fallen: Fallen) -> None:
    entry, left = fallen.orders["entry"], fallen.orders["exit"]
    assert (entry["exitId"], left["entryId"]) == (left["orderId"], entry["orderId"])
    assert left["amountIn"] == left["amount"] == entry["amountOut"]
    assert (left["tokenIn"], left["tokenOut"]) == (entry["tokenOut"], entry["tokenIn"])


def test_what_was_cancelled_does_not_fire_and_what_is_far_waits(fallen: Fallen) -> None:
    gone, far = fallen.orders["gone"], fallen.orders["far"]
    assert (gone["status"], gone["signature"], triggers(gone)) == ("cancelled", None, [])
    assert (far["status"], far["startsAt"], triggers(far)) == ("open", None, [])
    market = cast(Document, far["market"])
    # From 92 % of the price at first to 150 % of it, with what the market moves by itself.
    assert 6_000 < int(str(market["distanceBps"])) < 6_600


def test_a_stream_opened_later_hears_every_step_from_then_on(fallen: Fallen) -> None:
    for name in FIRED:
        heard, stored = fallen.heard[name], cast("list[Document]", fallen.orders[name]["events"])
        steps = [(event.seq, event.status, event.step) for event in heard]
        kept = [(event["seq"], event["status"], event.get("step")) for event in stored]
        assert steps == kept[-len(steps) :]
        assert "triggered" in [event.status for event in heard]


def test_the_demo_fires_each_of_its_orders_and_moves_the_market_back(quiet: Deployed) -> None:
    assert quiet.home is not None
    home = str(quiet.home.root)
    ran = command.run("demo", "--orders", "--home", home, COLUMNS="80", NO_COLOR="1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "\x1b" not in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80
    steps, _, fills = ran.stdout.partition("What fired each")
    for line in ("stop    triggered", "limit   triggered", "exit    triggered", "trail   activated"):
        assert line in steps
    assert fills.count("better than") == 2
    shown = json.loads(inprocess.run("market", "show", "--home", home, "--json").stdout)
    assert {move["total"] for move in shown["moves"] if move["token"] == "SOL"} >= {"0.95", "1.045", "1"}
    assert [move["total"] for move in shown["moves"] if move["token"] == "SOL"][-1] == "1"
    assert json.loads(inprocess.run("open", "--home", home, "--json").stdout) == []
