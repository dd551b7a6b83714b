"""``dexec market move``, ``tape``, ``reset``, ``show``: the prices of the paper market on this machine."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli import output
from infra.cli.target import HOME, HomeOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from dexec.adapters.paper.simulator import PaperDesk, Written
    from dexec.domain.quote import Pair

market = typer.Typer(
    name="market", help="The paper market of this machine: show its prices, move them.", no_args_is_help=True
)
# What begins with a dash may be a move.
_DASHES = {"ignore_unknown_options": True}

TokenArgument = Annotated[str, typer.Argument(metavar="TOKEN", help="Symbol or mint.")]


def _desk(home: Path) -> AbstractContextManager[PaperDesk]:
    from infra.local.home import Home
    from infra.operators import paper_market

    return paper_market.local(Home(home.resolve()))


@contextmanager
def _live_desk(home: Path) -> Iterator[PaperDesk]:
    from infra.operators.paper_market import check_live

    with _desk(home) as desk:
        check_live(desk)
        yield desk


@market.command(context_settings=_DASHES)
def move(
    token: TokenArgument,
    change: Annotated[
        str, typer.Argument(metavar="MOVE", help="-5%, +8% (two decimals at the most) or x0.5 (four).")
    ],
    *,
    home: HomeOption = HOME,
    as_json: JsonOption = False,
) -> None:
    """Move a token's price for good, on every venue: dexec market move SOL -5%.

    From the first slot on in which no process can miss it, about two seconds from now.
    """
    from dexec.adapters.paper.simulator import one_move

    script = one_move(token, change)
    with _live_desk(home) as desk:
        _report(desk, desk.write(script), as_json=as_json)


@market.command()
def tape(
    name: Annotated[
        str,
        typer.Argument(metavar="FILE|NAME", help="Lines such as +5s SOL -5%, or: gap, wick, crash, rally."),
    ],
    *,
    detach: Annotated[bool, typer.Option("--detach", help="Return once the moves are stored.")] = False,
    home: HomeOption = HOME,
    as_json: JsonOption = False,
) -> None:
    """Play a tape: moves one after the other, beginning in about two seconds.

    On a terminal it shows each move as it comes; the moves come whether or not it is left running.
    """
    from infra.cli.tape_views import follow
    from infra.operators.paper_market import read_tape

    script = read_tape(name)
    with _live_desk(home) as desk:
        written = desk.write(script)
        _report(desk, written, as_json=as_json)
    if not (detach or as_json) and output.console().is_terminal:
        follow(written.moves, desk.clock)


@market.command()
def reset(
    tokens: Annotated[
        list[str] | None,
        typer.Argument(metavar="TOKEN", help="Tokens.", show_default="all that moved"),
    ] = None,
    *,
    home: HomeOption = HOME,
    as_json: JsonOption = False,
) -> None:
    """Move tokens back to the prices that they would have without any move; moves to come still come."""
    from dexec.domain.tokens import find_token

    wanted = list(dict.fromkeys(find_token(token).symbol for token in tokens or []))
    with _live_desk(home) as desk:
        written = desk.reset(wanted)
        if not written.moves and not as_json:
            output.say("nothing to move: the prices are the untaped ones")
            return
        _report(desk, written, as_json=as_json)


@market.command()
def show(
    pairs: Annotated[
        list[str] | None,
        typer.Argument(metavar="PAIR", help="SOL/USDC, …", show_default="each token in USDC"),
    ] = None,
    *,
    home: HomeOption = HOME,
    as_json: JsonOption = False,
) -> None:
    """Show each pair's mid price on each venue now, and the moves so far and to come."""
    from infra.cli import tape_views

    wanted = [_pair(text) for text in pairs or ()]
    with _desk(home) as desk:
        slot, tape = desk.now(), desk.tape()
        prices = [(pair, desk.mids(tape, pair, slot)) for pair in wanted or _usual_pairs()]
        if as_json:
            output.say_json(tape_views.market_document(slot, prices, tape))
        else:
            tape_views.print_market(slot, prices, tape, desk.clock.now())


def _usual_pairs() -> list[Pair]:
    from dexec.domain.quote import Pair
    from dexec.domain.tokens import TOKENS

    return [Pair(symbol, "USDC") for symbol in TOKENS if symbol != "USDC"]


def _pair(text: str) -> Pair:
    from dexec.domain.quote import Pair
    from dexec.domain.tokens import find_token

    sold, slash, bought = text.partition("/")
    if not slash:
        raise typer.BadParameter(f"a pair is two tokens, as in SOL/USDC, not {text!r}")
    pair = Pair(find_token(sold).symbol, find_token(bought).symbol)
    if pair.token_in == pair.token_out:
        raise typer.BadParameter(f"a pair is two different tokens, not {text}")
    return pair


def _report(desk: PaperDesk, written: Written, *, as_json: bool) -> None:
    from dexec.adapters.paper.simulator import allowed_s
    from infra.cli import tape_views

    if as_json:
        output.say_json({"moves": tape_views.move_documents(written.moves, desk.now(), desk.tape())})
    else:
        tape_views.print_moves(written.moves, desk.clock.now(), desk.tape())
    if written.is_late:
        output.note(
            f"storing that took {written.took_s:.1f} s, and {allowed_s()} s is allowed: for a moment after a "
            "move began, a process may have computed prices without it"
        )
