"""``dexec replay``: which orders recorded prices would trigger, at which tick and price."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from infra.cli import output
from infra.cli.target import JsonOption

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from infra.lab.replay.judged import Verdict
    from infra.lab.replay.listed import Listed

T = TypeVar("T")
_FILE = {"exists": True, "dir_okay": False, "readable": True}


def replay(
    tape: Annotated[
        Path,
        typer.Argument(metavar="TAPE", help="Ticks, one JSON object a line, or a paper tape.", **_FILE),
    ],
    orders: Annotated[
        Path,
        typer.Argument(metavar="ORDERS", help="Orders, one a line, as the API takes them.", **_FILE),
    ],
    *,
    ticks: Annotated[
        Path | None,
        typer.Option("--ticks", help="Write the ticks to this file, such as those of a paper tape."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Judge orders that wait over recorded prices, by the rules of the running system."""
    from dexec.domain.errors import Invalid
    from infra.lab.replay.judged import judge_listed
    from infra.lab.replay.listed import books_of, read_orders
    from infra.lab.replay.recorded import read_ticks, written
    from infra.lab.replay.shown import document

    listed = _read(orders, read_orders)
    seen = _read(tape, lambda text: read_ticks(text, books_of(listed)))
    if not seen:
        raise Invalid(f"{tape} has no ticks of the orders' books")
    if ticks is not None:
        ticks.write_text(written(seen), encoding="utf-8")
    verdicts = [judge_listed(order, seen) for order in listed]
    if as_json:
        pairs = zip(listed, verdicts, strict=True)
        output.say_json({"ticks": len(seen), "orders": [document(*one) for one in pairs]})
    else:
        _print(listed, verdicts)


def _print(listed: Sequence[Listed], verdicts: Sequence[Verdict]) -> None:
    from infra.lab.replay.shown import sentence

    for order, verdict in zip(listed, verdicts, strict=True):
        output.say(f"{order.line}  {sentence(verdict)}")
        if verdict.exit is not None:
            output.say(f"{' ' * len(order.line)}  its exit: {sentence(verdict.exit)}")


def _read(path: Path, parse: Callable[[str], T]) -> T:
    from dexec.domain.errors import Invalid

    try:
        return parse(path.read_text(encoding="utf-8"))
    except (Invalid, UnicodeDecodeError) as exc:
        raise Invalid(f"{path}: {exc}") from exc
