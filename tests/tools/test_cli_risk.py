"""``dexec risk``, ``halt`` and ``resume`` on a deployment whose store is in memory."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from typer.testing import CliRunner

from dexec.domain.errors import Invalid
from dexec.domain.halts import Stop
from dexec.domain.risk import RiskLimits
from infra.cli.main import app, main
from infra.operators.risk import changed
from tests.proofs.simulation.world import World
from tests.support.fakes import START

Document = dict[str, object]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world that the commands reach as a deployment."""
    world = World()
    backend = world.backend
    operators = SimpleNamespace(api_keys=lambda client: ["a key"] if client in ("desk", "alice") else [])
    parts = SimpleNamespace(
        control=backend.control, risk=backend.risk, halt=world.halt, clock=world.clock, operators=operators
    )

    @contextmanager
    def reached(home: Path, stack: str | None) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(parts=parts)

    for module in ("halt", "risk"):
        monkeypatch.setattr(f"infra.cli.{module}.access", reached)
    return world


def dexec(*arguments: str) -> str:
    ran = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"}, catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def said(*arguments: str) -> Document:
    return cast("Document", json.loads(dexec(*arguments, "--json")))


# --- limits ------------------------------------------------------------------------------------------


def test_limits_are_set_one_after_the_other_shown_and_cleared(world: World) -> None:
    dexec("risk", "set", "desk", "--max-notional", "10000", "--max-daily", "50000.5", "--tokens", "sol,USDC")
    dexec("risk", "set", "desk", "--max-open", "20", "--max-slippage", "100", "--collar-bps", "50")
    assert world.backend.risk.limits("desk")["desk"] == RiskLimits(
        10_000_000_000, 50_000_500_000, 20, frozenset({"SOL", "USDC"}), 100, 50
    )
    dexec("risk", "set", "desk", "--max-notional", "none", "--tokens", "none")
    shown = dexec("risk", "show", "desk")
    for word in ("desk", "50000.5 USDC", "20", "100 bps", "50 bps", "any"):
        assert word in shown
    (document,) = cast("list[Document]", said("risk", "show"))
    assert (document["client"], document["maxNotional"], document["maxDaily"]) == ("desk", None, "50000.5")
    assert (document["tokens"], document["usedToday"]) == (None, "0")
    assert said("risk", "clear", "desk") == {"client": "desk", "cleared": True}
    assert "had none" in dexec("risk", "clear", "desk")
    assert dexec("risk", "show", "--json") == "[]\n"


def test_without_a_limit_there_is_nothing_to_set(world: World) -> None:
    ran = CliRunner().invoke(app, ["risk", "set", "desk"])
    assert ran.exit_code == 2
    assert "name a limit to set" in ran.output


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max_notional": "-1"}, "greater than zero"),
        ({"max_notional": "0.0000001"}, "more than 6 decimals"),
        ({"max_daily": "1e400"}, "plain decimal"),
        ({"tokens": "SOL,NOPE"}, "unknown token"),
        ({"max_slippage": "10001"}, "whole number from 0 to 10000"),
        ({"collar_bps": "1.5"}, "whole number"),
        ({"max_open": "-1"}, "whole number"),
        ({"settlement": "SOL"}, "name --max-notional and --max-daily as well, in SOL"),
    ],
)
def test_a_limit_that_cannot_be(given: dict[str, str], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        changed(RiskLimits(max_notional=5, max_daily=6), given)


def test_a_refusal_names_the_option(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["dexec", "risk", "set", "desk", "--max-open=-1"])
    with pytest.raises(SystemExit):
        main()
    assert "error --max-open: must be a whole number" in capsys.readouterr().err


def test_another_settlement_token_takes_its_own_amounts() -> None:
    given = {"settlement": "sol", "max_notional": "1.5", "max_daily": "none"}
    assert changed(RiskLimits(max_notional=5, max_daily=6), given) == RiskLimits(
        max_notional=1_500_000_000, settlement="SOL"
    )


# --- halts -------------------------------------------------------------------------------------------


def test_trading_is_halted_for_all_and_for_one_and_resumed_likewise(world: World) -> None:
    order = world.place(world.client())
    assert order is not None
    world.backend.orders.claim(order.id, "mine", START, START.replace(hour=1))
    assert said("halt") == {
        "halt": "halted",
        "into": None,
        "stopped": [order.id],
        "signed": [],
        "submitted": 0,
    }
    assert "trading of alice is halted but for orders into USDC" in dexec(
        "halt", "--client", "alice", "--reducing"
    )
    assert "dexec resume --client desk" in dexec("halt", "--client", "desk")
    dexec("halt", "--reducing", "--into", "sol")
    assert [(one.name, one.token_out) for one in world.backend.control.switches()] == [
        ("halted", None),
        ("halted desk", None),
        ("reducing", "SOL"),
        ("reducing alice", "USDC"),
    ]
    assert said("resume", "--client", "desk")["lifted"] == ["halted desk"]
    assert said("resume", "--reducing")["lifted"] == ["reducing"]
    dexec("pause")
    assert said("resume") == {"paused": False, "lifted": ["halted", "paused"], "left": ["reducing alice"]}
    assert "trading was not paused or halted" in dexec("resume")
    dexec("resume", "--client", "alice", "--reducing")
    assert world.backend.control.switches() == ()


def test_a_token_to_reduce_into_is_not_a_halt_of_everything(world: World) -> None:
    ran = CliRunner().invoke(app, ["halt", "--into", "SOL"])
    assert ran.exit_code == 2
    assert "--into goes with --reducing" in ran.output
    assert world.backend.control.switches() == ()


@pytest.mark.parametrize("arguments", [["halt", "--client"], ["risk", "set", "--max-open=1"]])
def test_a_client_that_never_had_a_key_is_said(world: World, arguments: list[str]) -> None:
    for client, is_said in (("desk", False), ("dsek", True)):
        ran = CliRunner().invoke(app, [*arguments, client], env={"COLUMNS": "200"})
        assert ran.exit_code == 0
        assert ("note: dsek never had a key; dexec keys list shows the clients" in ran.stderr) == is_said


def test_resume_keeps_the_halts_of_others(world: World) -> None:
    dexec("pause")
    dexec("halt", "--client", "desk")
    ran = CliRunner().invoke(app, ["resume"], env={"COLUMNS": "200"})
    assert "still: trading of desk is halted" in ran.output
    assert [one.stop for one in world.backend.control.switches()] == [Stop.HALTED]
