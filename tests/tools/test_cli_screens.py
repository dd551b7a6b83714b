"""What the command line shows on narrow terminals, on Ctrl-C, and of a deployment's addresses."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
from pathlib import Path

import pytest
from rich.console import Console

from dexec_client.errors import ConnectionLost, DexecError
from dexec_client.raw.events import Event
from dexec_client.raw.json_types import Document
from infra.cli import hooks, live, local, operators, orders, output, previews, views
from infra.cli.interrupts import Stopped, stoppable
from infra.cli.leaving import again_command, leaving
from infra.cli.target import HOME, Target
from infra.local import deployment, emulator, processes
from infra.local.deployment import Options
from infra.local.errors import AlreadyRunning, LocalError, NotRunning, StartFailed
from infra.local.home import Home
from infra.local.processes import ProcessRef
from tests.support.homes import state

ORDER = "ord_01a1f8b319a27e91a730694d75677ea6"
OTHER = "ord_01a1f8b3269c7a989073409e9baaa826"
STATE = state(processes=(ProcessRef(name="emulator", pid=1, started=0.0, port=4566),))


def screen(width: int, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Print on a terminal of so many columns; return what it shows."""
    shown = io.StringIO()
    terminal = Console(file=shown, width=width, force_terminal=True, no_color=True, color_system=None)
    monkeypatch.setattr(output, "console", lambda: terminal)
    monkeypatch.setattr(output, "errors", lambda: Console(file=io.StringIO()))
    return shown


def filled(order_id: str, status: str = "confirmed") -> Document:
    return {
        "orderId": order_id,
        "tokenIn": "SOL",
        "tokenOut": "USDC",
        "amount": "12.5",
        "status": status,
        "amountOut": "1923.123456" if status == "confirmed" else None,
        "createdAt": "2026-11-20T11:24:09.506Z",
    }


@pytest.mark.parametrize("status", ["held", "cancelled"])
def test_an_exit_whose_entry_bought_nothing_yet_names_its_tokens_alone(status: str) -> None:
    held: Document = {**filled(ORDER, status), "entryId": OTHER, "amount": "0"}
    assert views.swap(held) == "SOL → USDC"
    assert views.swap({**held, "amount": "1.5"}) == "1.5 SOL → USDC"


@pytest.mark.parametrize("width", [60, 80])
def test_a_narrow_history_cuts_the_id_and_not_the_outcome(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = screen(width, monkeypatch)
    views.print_history([filled(ORDER), filled(OTHER, "failed")])
    lines = shown.getvalue().splitlines()
    assert len(lines) == 3, "a line for each order, and the headings"
    assert max(map(len, lines)) <= width
    assert "12.5 SOL → USDC" in lines[1]
    assert "confirmed" in lines[1]
    assert "1923.123456 USDC" in lines[1]
    assert lines[1].startswith("…")
    assert ORDER[-8:] in lines[1]
    assert OTHER[-8:] in lines[2]
    assert all(("2026-11-20 11:24" in line) == (width == 80) for line in lines[1:])


def test_a_result_does_not_repeat_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = screen(100, monkeypatch)
    cancelled: Document = {**filled(ORDER, "cancelled"), "error": {"code": "cancelled"}}
    views.print_history([cancelled, {**filled(ORDER, "failed"), "error": {"code": "no_venue"}}])
    assert shown.getvalue().count("cancelled") == 1
    assert "no venue" in shown.getvalue()


def test_a_wide_history_has_whole_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = screen(100, monkeypatch)
    views.print_history([filled(ORDER)])
    line = shown.getvalue().splitlines()[1]
    assert line.startswith(ORDER)
    assert line.rstrip().endswith("1923.123456 USDC  2026-11-20 11:24")


@pytest.mark.parametrize("name", ["minAmountOut", "maxAmountIn"])
def test_an_order_is_shown_with_its_own_limit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = screen(80, monkeypatch)
    views.print_order({**filled(ORDER, "open"), "attempt": 1, "events": [], name: "500"})
    assert re.search(rf"{name} +500", shown.getvalue())


def event(status: str, **detail: object) -> Event:
    return Event(ORDER, 6, status, None, 1, "2026-11-20T11:24:09.506Z", dict(detail))  # type: ignore[arg-type]


def test_what_needs_an_operator_is_a_line_of_which_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = screen(70, monkeypatch)
    why = "would receive 153.2 USDC, minAmountOut is 155 USDC"
    problem = {**filled(ORDER, "failed"), "clientId": "desk", "since": "2026-11-20T11:24:09Z", "reason": why}
    operators.print_problems([problem, {**problem, "status": "cancelled", "reason": "[odd]"}])
    assert shown.getvalue().splitlines() == [
        f"{ORDER}  failed     2026-11-20 11:24  desk  12.5 SOL → USDC  {why}",
        f"{ORDER}  cancelled  2026-11-20 11:24  desk  12.5 SOL → USDC  [odd]",
    ]


def test_a_delivery_keeps_its_type_state_and_time_on_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = screen(80, monkeypatch)
    one = {"deliveryId": f"msg_{ORDER}_3", "type": "order.routing.quotes", "state": "retrying", "tries": 2}
    one |= {"lastAt": "2026-11-20T11:24:09.506Z", "answer": None, "error": "no HTTP answer: refused"}
    hooks.print_deliveries({"deliveries": [one], "nextCursor": None}, "hook_1")
    for words in ("77ea6_3", "order.routing.quotes", "retrying", "2026-11-20 11:24:09"):
        assert words in shown.getvalue()


def test_a_webhook_is_shown_whole_with_why_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = screen(80, monkeypatch)
    hook_id, url = "hook_5f0e7c2a91d84b6fa3e2", f"https://desk.example/{'x' * 40}?to=[all]"
    one: dict[str, object] = {
        "hookId": hook_id,
        "url": url,
        "state": "active",
        "events": [],
        "disabledAt": None,
    }
    failing = {
        **one,
        "state": "disabled",
        "events": ["confirmed", "failed"],
        "failingSince": "2026-11-19T08:00:00Z",
    }
    failing |= {"disabledAt": "2026-11-20T11:24:09Z", "reason": "answered 410 Gone"}
    hooks.print_hooks({"webhooks": [{**one, "failingSince": None, "reason": None}, failing]})
    assert shown.getvalue().splitlines() == [
        f"{hook_id}  active  all events",
        f"  {url}",
        f"{hook_id}  disabled  confirmed, failed",
        f"  {url}",
        "  since 2026-11-20 11:24: answered 410 Gone",
    ]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_narrow_board_shows_the_outcome_in_full(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = screen(width, monkeypatch)
    board = live.Board()
    board.add(ORDER, "12.5 SOL → USDC", "HTTP")
    legs = [{"tokenOut": "USDC"}]
    board.take(event("confirmed", fill={"amountOut": "1923.123456", "legs": legs}))
    output.console().print(board)
    text = shown.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "confirmed" in text
    assert "got 1923.123456" in text
    assert "…" not in text.replace("…75677ea6", "")


def test_a_failure_is_told_whole_on_a_narrow_board(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = screen(60, monkeypatch)
    board = live.Board()
    board.add(ORDER, "12.5 SOL → USDC")
    why = "the price moved 12 bps beyond the slippage limit: required at least 1900 USDC"
    board.take(event("failed", error={"message": why}))
    output.console().print(board)
    words = set(shown.getvalue().split())
    assert set(why.split()) <= words


def test_the_board_says_how_an_order_was_placed_where_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = screen(100, monkeypatch)
    board = live.Board()
    board.add(ORDER, "12.5 SOL → USDC")
    output.console().print(board)
    assert "via" not in shown.getvalue(), "no order has anything to say there"
    board.add(OTHER, "12.5 SOL → USDC", "HTTP")
    output.console().print(board)
    assert "HTTP" in shown.getvalue()


def test_an_order_that_is_placed_and_watched_was_placed_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str] = {}

    async def place(*_: object) -> Document:
        return {"orderId": ORDER, "status": "pending", "startsAt": "now"}

    async def watched(_: Target, order_id: str, *, via: str = "", as_json: bool) -> str:
        seen[order_id] = via
        return "confirmed"

    async def previewed(*_: object) -> Document:
        return {}

    monkeypatch.setattr(previews, "previewed", previewed)
    monkeypatch.setattr(previews, "limit_of", lambda route: route)
    monkeypatch.setattr(previews, "check", lambda *_, **__: None)
    monkeypatch.setattr(orders, "_place", place)
    monkeypatch.setattr(orders, "_watch", watched)
    monkeypatch.setattr(orders, "resolve", lambda *_: Target("", "", ""))
    orders.order("SOL", "USDC", "1", watch=True)
    assert seen == {ORDER: "HTTP"}


def test_ctrl_c_says_that_the_order_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def interrupted(*_: object, **__: object) -> str:
        signal.raise_signal(signal.SIGINT)
        return ""

    monkeypatch.setattr(orders, "_watch", interrupted)
    monkeypatch.setattr(orders, "resolve", lambda *_: Target("", "", ""))
    output.errors.cache_clear()
    try:
        with pytest.raises(Stopped):
            orders.watch(ORDER, home=Path("/tmp/my home"))
    finally:
        output.errors.cache_clear()
    told = capsys.readouterr().err
    assert "the order goes on" in told
    assert f"dexec watch --home '/tmp/my home' {ORDER}" in told


@pytest.mark.parametrize(
    ("error", "says_it"), [(ConnectionLost("gone"), True), (DexecError("no", 404), False)]
)
def test_a_watcher_that_loses_the_deployment_hears_that_the_order_goes_on(
    error: DexecError, says_it: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    output.errors.cache_clear()
    with pytest.raises(DexecError), leaving(ORDER, "dexec watch"):
        raise error
    output.errors.cache_clear()
    assert (f"the order goes on. Watch it again: dexec watch {ORDER}" in capsys.readouterr().err) == says_it


def test_an_order_is_watched_again_where_it_was_watched() -> None:
    assert again_command(HOME, None) == "dexec watch"
    assert (
        again_command(Path("/x"), "http://localhost:1/a?b&c")
        == "dexec watch --url 'http://localhost:1/a?b&c'"
    )
    with stoppable(quietly=True), leaving(ORDER, "dexec watch"):
        pass


@pytest.mark.parametrize("as_json", [False, True])
def test_the_consoles_address_ends_in_a_slash(as_json: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(output, "say", told.append)
    monkeypatch.setattr(output, "say_json", lambda document: told.append(str(document)))
    local.print_status(STATE, as_json=as_json)
    assert f"{STATE.http_url}/" in "\n".join(told).replace(f"{STATE.http_url}/api", "")
    assert as_json or told[0] == f"[dim]console   [/] {STATE.http_url}/"


def test_a_port_that_is_named_has_to_be_free(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StartFailed) as refused:
            emulator.start(Home(tmp_path), port, is_port_fixed=True)
    told = str(refused.value)
    assert f"port {port} is taken by" in told
    assert f"(pid {os.getpid()})" in told
    assert "--port 0" in told


def test_a_port_that_another_deployment_holds_is_told_with_its_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "holder", lambda _: object())
    monkeypatch.setattr(
        processes, "arguments", lambda _: ["python", "-X", "dexec=/a b/tmp", "-m", "infra.local.serve"]
    )
    told = emulator._taken(4567)
    assert "port 4567 is taken by the deployment under /a b; stop it: dexec down --home '/a b'" in told


def test_a_port_that_was_not_named_may_be_another_one() -> None:
    for given, port, fixed in ((None, emulator.PORT, False), (0, 0, False), (5000, 5000, True)):
        options = local.local_options(given, local.Latency.none, 0, [])
        assert (options.port, options.is_port_fixed) == (port, fixed)


def test_a_deployment_on_another_port_is_not_the_one_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.local.home.alive", lambda _: True)
    home = Home(tmp_path)
    home.write(STATE)
    assert not deployment.up(home, Options(port=4566, is_port_fixed=True)).started
    with pytest.raises(AlreadyRunning, match=f"with another port than 5000;.*dexec down --home {tmp_path}"):
        deployment.up(home, Options(port=5000, is_port_fixed=True))
    otherwise = Options(parameters={"OrdersPerMinute": "600"}, workers=3)
    with pytest.raises(AlreadyRunning, match="OrdersPerMinute at its default instead of 600, --workers 0"):
        deployment.up(home, otherwise)


@pytest.mark.parametrize(
    ("preferred", "said"), [(4566, ["port 4566 is taken: the emulator uses 4567"]), (0, [])]
)
def test_another_port_than_the_preferred_one_is_said(
    preferred: int, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = ProcessRef(name="emulator", pid=1, started=0.0, port=4567)
    monkeypatch.setattr(emulator, "start", lambda *_, **__: started)
    heard: list[str] = []
    options = Options(port=preferred)
    assert deployment._ensure_emulator(Home(tmp_path), options, None, heard.append) == started
    assert heard == said


def test_advice_names_the_home_unless_it_is_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotRunning, match=r"start one: dexec up --detach$"):
        deployment.running(Home(HOME.resolve()))
    other = Home(tmp_path / "a b")
    with pytest.raises(LocalError) as told:
        deployment.running(other)
    assert str(told.value).endswith(f"start one: dexec up --detach --home '{other.root}'")
    monkeypatch.setenv("DEXEC_HOME", str(other.root))
    assert other.command("down") == "dexec down"
    assert Home(HOME.resolve()).command("down") == f"dexec down --home {HOME.resolve()}"
