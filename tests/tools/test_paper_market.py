"""``dexec market``: moves, tapes and prices of the deployment here, over stored moves in memory."""

from __future__ import annotations

import io
import json
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import cast

import pytest
from pydantic import ValidationError
from rich.console import Console
from typer.testing import CliRunner

from dexec.adapters.paper.simulator import (
    NO_TAPE,
    SLOT,
    PaperDesk,
    PaperMarket,
    PriceMove,
    Tape,
    configured_tape,
    one_move,
    slot_at,
    time_of,
)
from dexec.domain.errors import Invalid
from dexec.domain.quote import Pair
from dexec.settings import PAPER_TAPE, Settings
from infra.cli import local, output, paper_market, tape_views
from infra.cli.main import app
from infra.local import template
from infra.local.errors import LocalError
from infra.local.home import PROJECT, Home
from infra.operators import paper_market as operations
from infra.operators.paper_market import named_tapes, read_tape
from tests.support.fakes import START, FakeClock
from tests.support.stored_moves import LEAD, StoredMoves


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> PaperDesk:
    """Return the market that the commands reach."""
    clock = FakeClock()
    desk = PaperDesk(PaperMarket(1), StoredMoves(), clock, LEAD)

    reach(monkeypatch, desk)
    return desk


def reach(monkeypatch: pytest.MonkeyPatch, desk: PaperDesk) -> None:
    monkeypatch.setattr(paper_market, "_desk", lambda _: nullcontext(desk))


def run(*arguments: str) -> str:
    """Run a command; what ends it otherwise than well is raised."""
    result = CliRunner().invoke(app, ["market", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def ask(*arguments: str) -> dict[str, list[dict[str, object]]]:
    return cast("dict[str, list[dict[str, object]]]", json.loads(run(*arguments, "--json")))


def test_a_move_may_begin_with_a_dash(desk: PaperDesk) -> None:
    (moved,) = ask("move", "sol", "-5%")["moves"]
    first = slot_at(START) + LEAD
    assert moved == {
        "moveId": desk.ledger.price_moves()[0].move_id,
        "token": "SOL",
        "factor": "0.95",
        "total": "0.95",
        "slot": first,
        "at": time_of(first).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "begun": False,
    }
    text = run("move", "SOL", "-0.25%")
    assert "-0.25%" in text
    assert "in 2.4 s" in text
    assert "x0.947625" in text
    assert [move.factor for move in desk.ledger.price_moves()] == [Fraction(19, 20), Fraction(399, 400)]
    assert len({move.move_id for move in desk.ledger.price_moves()}) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["move", "DOGE", "-5%"], "unknown token 'DOGE'"),
        (["move", "SOL", "-100%"], "zero or less"),
        (["move", "SOL", "+0%"], "moves nothing"),
        (["move", "SOL", "x101"], "too much for one move"),
        (["move", "SOL", "-5"], "'-5' is no move"),
        (["move", "SOL", "--jsn"], "'--jsn' is no move"),
        (
            ["tape", "nothing-here"],
            "nothing-here cannot be read: .*; .* a name: crash, gap, rally",
        ),
        (["reset", "DOGE"], "unknown token"),
        (["show", "DOGE/USDC"], "unknown token"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_moves(
    desk: PaperDesk, arguments: list[str], says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        run(*arguments)
    assert desk.ledger.price_moves() == []


@pytest.mark.parametrize("pair", ["SOL", "SOL-USDC", "SOL/sol"])
def test_a_pair_is_two_tokens(desk: PaperDesk, pair: str) -> None:
    result = CliRunner().invoke(app, ["market", "show", pair])
    assert result.exit_code == 2
    assert "a pair is two" in result.output


def test_a_token_that_would_leave_the_range_is_refused_with_the_numbers(desk: PaperDesk) -> None:
    run("move", "SOL", "x0.01")
    with pytest.raises(Invalid, match=r"SOL would be at x0\.0005 .* between x0\.001 and x1000"):
        run("move", "SOL", "x0.05")
    assert len(desk.ledger.price_moves()) == 1


def test_a_tape_is_played_from_the_earliest_slot_on(desk: PaperDesk, tmp_path: Path) -> None:
    file = tmp_path / "mine.tape"
    file.write_text("+0s SOL -20%\n+2s SOL +25%\n+2s RAY x2  # at once\n")
    moves = ask("tape", str(file))["moves"]
    first = slot_at(START) + LEAD
    assert [(move["token"], move["factor"], move["slot"]) for move in moves] == [
        ("SOL", "0.8", first),
        ("SOL", "1.25", first + 5),
        ("RAY", "2", first + 5),
    ]
    file.write_text("+0s SOL -20%\n+2s SOL\n")
    with pytest.raises(Invalid, match=r"mine\.tape, line 2: expected a time"):
        run("tape", str(file))


def test_every_tape_that_has_a_name_can_be_played_twice(desk: PaperDesk) -> None:
    assert [*named_tapes()] == ["crash", "gap", "rally", "wick"]
    for name, says in named_tapes().items():
        assert says.startswith("SOL ")
        assert sum(one.after for one in read_tape(name)) * SLOT.total_seconds() < 600
        run("tape", name, "--detach")
        run("tape", name, "--detach")
        run("reset")
        desk.clock.sleep(120)
        run("reset")
    ends = {
        name: Tape(PriceMove(*one) for one in read_tape(name)).factors(10**9)["SOL"] for name in named_tapes()
    }
    assert ends["crash"] == Fraction(1, 10)
    assert ends["wick"] == 1
    assert abs(ends["rally"] - 2) < Fraction(1, 1_000)


def test_a_reset_brings_the_untaped_prices_back(desk: PaperDesk) -> None:
    assert "nothing to move" in run("reset")
    assert ask("reset")["moves"] == []
    for change in ("-5%", "+8%", "x0.3"):
        run("move", "SOL", change)
    run("move", "RAY", "x2")
    desk.clock.sleep(10)
    (back,) = ask("reset", "SOL")["moves"]
    assert back["total"] == "1"
    desk.clock.sleep(10)
    assert desk.tape().factors(desk.now()) == {"SOL": 1, "RAY": 2}
    assert [move["token"] for move in ask("reset")["moves"]] == ["RAY"]
    desk.clock.sleep(10)
    pair, slot = Pair("RAY", "SOL"), desk.now()
    assert desk.mids(desk.tape(), pair, slot) == desk.mids(Tape(), pair, slot)


def test_a_reset_after_very_many_moves_is_right_to_twelve_digits(desk: PaperDesk) -> None:
    for _ in range(60):
        desk.write(one_move("SOL", "-0.37%"))
    desk.clock.sleep(10)
    run("reset")
    desk.clock.sleep(10)
    assert abs(desk.tape().factors(desk.now())["SOL"] - 1) < Fraction(1, 10**12)


def test_prices_are_shown_with_what_the_tape_does_to_them(desk: PaperDesk) -> None:
    before = {str(one["pair"]): one for one in ask("show")["prices"]}
    assert [*before] == ["SOL/USDC", "USDT/USDC", "RAY/USDC", "JUP/USDC", "BONK/USDC"]
    assert {str(one["tape"]) for one in before.values()} == {"1"}
    run("move", "SOL", "-20%")
    desk.clock.sleep(SLOT.total_seconds() * LEAD + 1)
    shown = ask("show", "SOL/USDC", "usdc/sol")
    straight, turned = shown["prices"]
    assert (straight["tape"], turned["tape"]) == ("0.8", "1.25")
    for venue, price in cast("dict[str, str]", straight["venues"]).items():
        old = cast("dict[str, str]", before["SOL/USDC"]["venues"])[venue]
        assert Decimal("0.79") < Decimal(price) / Decimal(old) < Decimal("0.81")
        there_and_back = Decimal(price) * Decimal(cast("dict[str, str]", turned["venues"])[venue])
        assert abs(there_and_back - 1) < Decimal("0.001")
    assert [move["begun"] for move in shown["moves"]] == [True]
    text = run("show")
    assert "x0.8" in text
    assert "1 s ago" in text


def test_of_many_moves_the_last_are_shown(desk: PaperDesk) -> None:
    for _ in range(15):
        desk.write(one_move("SOL", "-1%"))
        desk.clock.sleep(5)
    run("move", "SOL", "+1%")
    text = run("show")
    assert "the last 12 of 15 moves so far, and those to come" in text
    assert text.count("-1%") == 12
    assert text.count("+1%") == 1
    assert len(ask("show")["moves"]) == 16


@pytest.mark.parametrize("setting", ["", "2026-01-01T00:00:00Z; +0s SOL x0.5"])
def test_a_market_without_a_live_tape_can_be_shown_and_not_moved(
    desk: PaperDesk, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    reach(monkeypatch, replace(desk, fixed=configured_tape(setting) if setting else NO_TAPE))
    assert ask("show", "SOL/USDC")["prices"][0]["tape"] == ("0.5" if setting else "1")
    for arguments in (["move", "SOL", "-5%"], ["tape", "gap"], ["reset"]):
        with pytest.raises(LocalError, match="dexec up --set PaperTape=live"):
            run(*arguments)
    assert desk.ledger.price_moves() == []


def test_a_store_that_takes_too_long_is_named(desk: PaperDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter((0.0, 0.8, 0.0, 0.81))
    reach(monkeypatch, replace(desk, monotonic=lambda: next(times)))
    noted: list[str] = []
    monkeypatch.setattr(output, "note", noted.append)
    run("move", "SOL", "-5%")
    assert noted == []
    run("move", "SOL", "-5%")
    assert "storing that took 0.8 s, and 0.8 s is allowed" in noted[0]


def test_nothing_runs_here(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="dexec up"), operations.local(Home(tmp_path)):
        pytest.fail("there is a deployment")


def test_a_played_tape_is_followed_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, clock = io.StringIO(), FakeClock()
    terminal = Console(file=shown, width=80, force_terminal=True, no_color=True, color_system=None)
    monkeypatch.setattr(output, "console", lambda: terminal)
    first = slot_at(clock.now()) + 5
    factors = (("SOL", 4, 5, 0), ("RAY", 2, 1, 0), ("SOL", 5, 4, 10))
    tape_views.follow([PriceMove(first + at, token, Fraction(n, d)) for token, n, d, at in factors], clock)
    assert "SOL -20%, RAY x2\n" in shown.getvalue()
    assert "SOL +25%\n" in shown.getvalue()
    assert clock.now() == time_of(first + 10)


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (Fraction(19, 20), "-5%"),
        (Fraction(9_999, 10_000), "-0.01%"),
        (Fraction(5, 4), "+25%"),
        (Fraction(10), "x10"),
        (Fraction(1, 3), "x0.333333"),
    ],
)
def test_moves_read_as_they_are_written(factor: Fraction, words: str) -> None:
    assert tape_views.change_words(factor) == words


def test_a_wrong_tape_is_refused_before_a_deployment_is_started() -> None:
    for tape in ("", "live", "2026-11-21T10:00:00Z; +5s SOL -5%"):
        assert local.parameters([f"PaperTape={tape}"]) == {"PaperTape": tape}
    with pytest.raises(Invalid, match="move 1: expected a time"):
        local.parameters(["PaperTape=2026-11-21T10:00:00Z; +5s SOL"])


def test_the_template_takes_what_the_settings_take() -> None:
    parameter = cast("dict[str, object]", template.load(PROJECT / "template.yaml")["Parameters"])["PaperTape"]
    assert cast("dict[str, object]", parameter)["AllowedPattern"] == PAPER_TAPE
    for tape in (
        "",
        "live",
        "2026-11-21T10:00:00Z; +5s SOL -5%; +20s SOL x0.5",
        "2026-11-21T10:00:00.5+01:00 ;x",
    ):
        assert Settings.from_environ({"PAPER_TAPE": tape}).paper_tape == tape
    for tape in ("gap", "LIVE", "+5s SOL -5%", "2026-11-21T10:00:00Z", "2026-11-21; +5s SOL -5%"):
        with pytest.raises(ValidationError, match="paper_tape"):
            Settings.from_environ({"PAPER_TAPE": tape})
