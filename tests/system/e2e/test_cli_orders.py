"""The command line against a running deployment, as a program and as a person would use it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import pytest

from tests.system.e2e import command, inprocess
from tests.system.e2e.deployed import Deployed
from tests.system.e2e.evidence import CLEAN_RUN
from tests.system.e2e.inprocess import Ran

Run = Callable[..., Ran]


@pytest.fixture
def dexec(deployment: Deployed) -> Run:
    """Return the command, talking to the shared deployment as a client of its own."""
    return partial(inprocess.run, DEXEC_URL=deployment.http_url, DEXEC_API_KEY=deployment.new_key())


@pytest.fixture
def order_id(dexec: Run) -> str:
    """Return the id of an order that was confirmed."""
    placed = dexec("order", "SOL", "USDC", "1.5", "--slippage", "0.5", "--json")
    assert placed.returncode == 0, placed.stderr
    found = str(json.loads(placed.stdout)["orderId"])
    assert dexec("watch", found).returncode == 0
    return found


def test_an_order_is_watched_to_its_end_line_by_line(deployment: Deployed) -> None:
    target = {"DEXEC_URL": deployment.http_url, "DEXEC_API_KEY": deployment.new_key()}
    ran = command.run("order", "SOL", "USDC", "1.5", "--watch", **target)
    assert ran.returncode == 0, ran.stderr
    assert [line for line in ran.stdout.splitlines() if "confirmed" in line]
    assert "\x1b" not in ran.stdout


def test_watching_as_json_prints_each_event_once_in_order(dexec: Run) -> None:
    ran = dexec("order", "USDC", "SOL", "100", "--exact-out", "--label", "mine", "--watch", "--json")
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [event["seq"] for event in events] == [1, 2, 3, 4, 5, 6]
    assert [event["status"] for event in events] == CLEAN_RUN


def test_a_late_watcher_is_shown_everything(dexec: Run, order_id: str) -> None:
    ran = dexec("watch", order_id, "--json")
    assert [json.loads(line)["status"] for line in ran.stdout.splitlines()] == CLEAN_RUN


def test_an_order_that_fails_is_an_exit_code(dexec: Run) -> None:
    ran = dexec("order", "SOL", "USDC", "100000", "--watch", "--yes")
    assert ran.returncode == 1
    assert "failed" in ran.stdout
    assert "warning: the price impact is" in ran.stderr


def test_a_price_impact_over_five_percent_is_not_placed_unasked(dexec: Run) -> None:
    ran = dexec("order", "SOL", "USDC", "100000")
    assert ran.returncode == 1
    assert "not placed: the price impact is" in ran.stderr
    assert "--yes" in ran.stderr
    assert json.loads(dexec("history", "--json").stdout) == []


def test_the_previewed_limit_is_what_is_placed(dexec: Run) -> None:
    ran = dexec("order", "SOL", "USDC", "1.5", "--deadline", "60", "--json")
    order = json.loads(dexec("show", json.loads(ran.stdout)["orderId"], "--json").stdout)
    assert f"at least {order['minAmountOut']} USDC" in ran.stderr
    assert order["deadline"] == 60


def test_limits_of_ones_own_are_sent_as_they_are(dexec: Run) -> None:
    # 200,000 is a price that the market does not have: nothing is signed for it.
    ran = dexec("order", "SOL", "USDC", "1", "--min-out", "200000", "--slippage", "100", "--watch", "--json")
    assert ran.returncode == 1
    assert "warning: a slippage of 100 %" in ran.stderr
    last = json.loads(ran.stdout.splitlines()[-1])
    assert last["error"]["code"] == "slippage_exceeded"
    assert "minAmountOut is 200000 USDC" in last["error"]["message"]
    got = dexec("order", "USDC", "SOL", "1", "--exact-out", "--max-in", "1000", "--json")
    shown = json.loads(dexec("show", json.loads(got.stdout)["orderId"], "--json").stdout)
    assert shown["maxAmountIn"] == "1000"


def test_show_and_history_agree(dexec: Run, order_id: str) -> None:
    shown = json.loads(dexec("show", order_id, "--json").stdout)
    assert [event["status"] for event in shown["events"]] == CLEAN_RUN
    listed = json.loads(dexec("history", "--status", "confirmed", "--limit", "1", "--json").stdout)
    assert [order["orderId"] for order in listed] == [order_id]
    assert order_id in dexec("show", order_id).stdout
    assert order_id in dexec("history").stdout


def test_an_id_is_taken_as_a_narrow_table_shows_it(dexec: Run, order_id: str) -> None:
    shown = dexec("history", COLUMNS="60").stdout.splitlines()[1].split()[0]
    assert shown.startswith("…")
    for end in (shown, order_id[-8:]):
        for name in ("show", "explain", "trace", "watch"):
            assert dexec(name, end).returncode == 0, name
    assert json.loads(dexec("show", shown, "--json").stdout)["orderId"] == order_id
    waits = json.loads(dexec("order", "SOL", "USDC", "1", "--limit", "9999", "--json").stdout)["orderId"]
    assert dexec("amend", waits[-12:], "--limit", "9998").returncode == 0
    assert dexec("cancel", f"…{waits[-12:]}").stdout == f"{waits}  cancelled\n"


def test_explain_attributes_the_fill(dexec: Run, order_id: str) -> None:
    explained = json.loads(dexec("explain", order_id, "--json").stdout)
    assert {part["cause"] for part in explained["parts"]} == {"fees", "impact", "rounding", "drift"}


def test_a_quote_names_what_is_exact(dexec: Run) -> None:
    assert dexec("quote", "USDC", "SOL", "1", "--exact-out").stdout.startswith("USDC → 1 SOL ")
    assert dexec("quote", "USDC", "SOL", "100").stdout.startswith("100 USDC → SOL ")


def test_quote_shows_every_venue_and_what_would_be_taken(dexec: Run) -> None:
    route = json.loads(dexec("quote", "SOL", "USDC", "250", "--json").stdout)
    assert {quote["venue"] for quote in route["quotes"]} == {"raydium", "meteora"}
    text = dexec("quote", "SOL", "USDC", "250").stdout
    assert "raydium" in text
    assert "meteora" in text
