"""Mistakes that users make, and the words that help them on: what went wrong, what to type next."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from infra.cli.main import main
from tests.system.e2e.deployed import Deployed

NOBODYS = "ord_0193f0c2b4d97a5e8c1f2a3b4c5d6e7f"


class Mistake(NamedTuple):
    """A command line, the exit code it ends with, and words that its message has to have."""

    command: str
    code: int
    words: tuple[str, ...]


MISTAKES = (
    # what the shell hands over
    Mistake("ordr SOL USDC 1", 2, ("No such command 'ordr'", "Did you mean 'order'")),
    Mistake("order SOL", 2, ("Missing argument 'TO'", "dexec order --help")),
    Mistake("order SOL USDC", 2, ("Missing argument", "dexec order --help")),
    Mistake("order SOL USDC 1 --slipage 1", 2, ("No such option: --slipage", "--slippage")),
    Mistake("order SOL USDC 1 2", 2, ("unexpected extra argument", "2")),
    Mistake("history --status done", 2, ("'done' is not one of", "'confirmed'", "'failed'")),
    Mistake("history --limit 0", 2, ("--limit", "greater than or equal to 1")),
    Mistake("history --csv --json", 2, ("give --csv or --json",)),
    Mistake("history --limit ten", 2, ("--limit", "valid integer")),
    Mistake("orders --status lost", 2, ("'lost' is not one of 'failed', 'stuck'",)),
    Mistake("keys set ada --orders-per-minute -5", 2, ("--orders-per-minute", "greater than or equal to 0")),
    Mistake("keys create", 2, ("Missing argument 'NAME'",)),
    # what an order cannot be
    Mistake("order SOL DOGE 1", 1, ("tokenOut", "unknown token 'DOGE'", "known tokens: SOL, USDC")),
    Mistake("order SOL sol 1", 1, ("tokenOut", "must differ from tokenIn: both are SOL")),
    Mistake("order SOL USDC 1,5", 1, ("amount", "must be a plain decimal number", '"1.5"')),
    Mistake("order SOL USDC lots", 1, ("amount", "must be a plain decimal number")),
    Mistake("order SOL USDC 0", 1, ("amount", "greater than zero")),
    Mistake("order SOL USDC 0.0000000001", 1, ("amount", "more than 9 decimals")),
    Mistake("order SOL USDC 99999999999", 1, ("amount", "larger than any balance can be")),
    Mistake("order SOL USDC 1 --slippage 200", 2, ("slippage", "0 to 100")),
    Mistake("order SOL USDC 1 --slippage 0.125", 2, ("slippage", "two decimals")),
    Mistake("order SOL USDC 1 --max-in 2", 2, ("--exact-out", "--min-out")),
    Mistake("order SOL USDC 1 --exact-out --min-out 2", 2, ("bound what is paid with --max-in",)),
    Mistake("order SOL USDC 1 --idempotency-key=", 2, ("--idempotency-key is empty",)),
    Mistake("order SOL USDC 1 --deadline 10 --expires 2h", 2, ("give --deadline or --expires",)),
    Mistake("order SOL USDC 1 --limit far", 1, ("error --limit: must be a plain decimal number",)),
    Mistake("order SOL USDC 1 --stop 100000", 1, ("error --stop: it would trigger at once",)),
    Mistake("order SOL USDC 1 --oco --take-profit 1 --stop-loss 2", 1, ("error --take-profit: ",)),
    Mistake("order SOL USDC 1 --limit 9999 --expires 2", 2,
            ("--expires takes 90s, 30m, 2h, 7d or a time", "not '2'")),
    Mistake("order SOL USDC 1 --limit 9999 --expires 0s", 2, ("--expires takes", "not '0s'")),
    Mistake(f"order SOL USDC 1 --limit 9999 --label {'x' * 101}", 1,
            ("error --label: must have at most 100",)),
    Mistake("quote SOL DOGE 1", 1, ("tokenOut", "unknown token 'DOGE'")),
    Mistake("quote SOL USDC -- -1", 1, ("amount",)),
    # what is not there
    Mistake("show ord_1", 1, ("no such order of this client; list yours with: dexec history\n",)),
    Mistake(f"show …{NOBODYS[-8:]}", 1, (f"no order of yours ends in {NOBODYS[-8:]}", "dexec history")),
    Mistake(f"watch {NOBODYS}", 1, ("there is no such order", "dexec history")),
    Mistake(f"explain {NOBODYS}", 1, ("there is no such order", "dexec history")),
    Mistake("hooks test hook_1", 1, ("there is no such webhook; list yours with: dexec hooks list",)),
    Mistake("check-vectors /nowhere.json", 1, ("/nowhere.json", "No such file")),
    Mistake("check-vectors README.md", 1, ("README.md", "JSON")),
    Mistake("quote SOL USDC 1 --market /nowhere.json", 2, ("/nowhere.json", "No such file")),
    # which deployment
    Mistake("order SOL USDC 1 --api-key wrong", 1, ("key is not valid", "--api-key", "dexec keys create")),
    Mistake("history --url nonsense", 1, ("nonsense", "is not an HTTP address")),
    Mistake("history --url http://127.0.0.1:1", 1, ("http://127.0.0.1:1 did not answer", "dexec status")),
    # starting one
    Mistake("up --port 99999", 2, ("--port", "65535")),
    Mistake("up --latency fast", 2, ("'fast' is not one of 'none', 'default', 'congested'",)),
    Mistake("up --failure-rate 2", 2, ("--failure-rate", "less than or equal to 1")),
    Mistake("up --set Orders", 2, ("--set takes NAME=VALUE", "OrdersPerMinute=600")),
    Mistake("up --set OrderPerMinute=1", 2, ("'OrderPerMinute'", "did you mean OrdersPerMinute?")),
    Mistake("up --set Zzz=1", 2, ("no parameter 'Zzz'", "docs/configuration.md")),
    Mistake("up --home /dev/null", 1, ("cannot work in /dev/null", "--home DIRECTORY")),
    Mistake("deploy --endpoint http://127.0.0.1:1 --database-url postgresql://x@127.0.0.1:1/x", 1,
            ("http://127.0.0.1:1", "Could not connect")),
)  # fmt: skip

WITHOUT_A_DEPLOYMENT = (
    Mistake("order SOL USDC 1", 1, ("no deployment runs under", "dexec up --detach")),
    Mistake("status", 1, ("no deployment runs under", "dexec up --detach")),
    Mistake("logs", 1, ("no deployment runs under", "dexec up --detach")),
    Mistake("pause", 1, ("no deployment runs under", "dexec up --detach")),
    Mistake("history --url http://127.0.0.1:1", 2, ("--url needs a key", "--api-key", "DEXEC_API_KEY")),
    Mistake("deploy --endpoint http://127.0.0.1:1", 2, ("Missing option '--database-url'", "DATABASE_URL")),
)


@pytest.fixture(autouse=True)
def wide_screen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.setenv("DEXEC_HOME", str(tmp_path / "home"))
    for name in ("DEXEC_URL", "DEXEC_API_KEY", "DEXEC_STACK", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


def told(mistake: Mistake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Make a mistake; return what is printed."""
    monkeypatch.setattr(sys, "argv", ["dexec", *mistake.command.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == mistake.code
    printed = "".join(capsys.readouterr())
    assert "Traceback" not in printed
    return printed


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.command)
def test_a_mistake(
    mistake: Mistake,
    deployment: Deployed,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DEXEC_URL", deployment.http_url)
    monkeypatch.setenv("DEXEC_API_KEY", deployment.api_key)
    text = told(mistake, monkeypatch, capsys)
    for word in mistake.words:
        assert word in text


@pytest.mark.parametrize("mistake", WITHOUT_A_DEPLOYMENT, ids=lambda mistake: mistake.command)
def test_a_mistake_without_a_deployment(
    mistake: Mistake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = told(mistake, monkeypatch, capsys)
    for word in mistake.words:
        assert word in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_there_for_every_usual_shell(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["dexec"])
    monkeypatch.setenv("_DEXEC_COMPLETE", f"source_{shell}")
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "_DEXEC_COMPLETE" in capsys.readouterr().out
