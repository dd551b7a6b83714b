"""What became of the mutants: figures for each file, and the survivors as lines of the source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    NOT_RUN = "not run"
    INVALID = "invalid"
    """It is no program, so no test has to notice it; it is not counted among those that were made."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file, and its fate."""

    file: str
    line: int
    change: str
    fate: Fate


def report(mutants: Iterable[Mutant]) -> str:
    """Return the figures of each file, then the survivors."""
    made = [mutant for mutant in mutants if mutant.fate is not Fate.INVALID]
    lines = [f"{'file':60} {'made':>6} {'killed':>7} {'survived':>9} {'not run':>8} {'killed of run':>14}"]
    files = sorted({mutant.file for mutant in made})
    lines += [_figures(file, [mutant for mutant in made if mutant.file == file]) for file in files]
    lines.append(_figures("all", made))
    survivors = [mutant for mutant in made if mutant.fate is Fate.SURVIVED]
    lines += ["", f"{len(survivors)} survivors"]
    lines += [f"{one.file}:{one.line}: {one.change}" for one in sorted(survivors, key=_place)]
    return "\n".join(lines)


def _place(mutant: Mutant) -> tuple[str, int, str]:
    return mutant.file, mutant.line, mutant.change


def _figures(name: str, mutants: list[Mutant]) -> str:
    fates = Counter(mutant.fate for mutant in mutants)
    killed, survived = fates[Fate.KILLED], fates[Fate.SURVIVED]
    rate = f"{killed / (killed + survived):.1%}" if killed + survived else "-"
    return f"{name:60} {len(mutants):6} {killed:7} {survived:9} {fates[Fate.NOT_RUN]:8} {rate:>14}"
