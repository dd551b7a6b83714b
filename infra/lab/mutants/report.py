"""What became of the mutants: figures for each file, and the survivors that no reason is written for."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from infra.lab.mutants.generate import Mutant

_SURVIVORS = Path(__file__).parent / "survivors.toml"
Known = Mapping[tuple[str, str], str]
"""The reasons why mutants survive, by file and change."""


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    NOT_RUN = "not run"
    INVALID = "invalid"
    """It is no program, so no test has to notice it; it is not counted among those that were made."""


def known_survivors() -> Known:
    """Return the survivors that survivors.toml gives a reason for."""
    files = tomllib.loads(_SURVIVORS.read_text(encoding="utf-8"))
    return {
        (file, change): entry["reason"]
        for file, entries in files.items()
        for entry in entries
        for change in entry["changes"]
    }


def report(fates: Sequence[tuple[Mutant, Fate]], known: Known) -> tuple[str, int]:
    """Return the figures of each file and the survivors without a reason, and how many those are."""
    made = [(mutant, fate) for mutant, fate in fates if fate is not Fate.INVALID]
    files = sorted({mutant.file for mutant, _ in made})
    lines = [
        f"{'file':60} {'made':>6} {'killed':>7} {'survived':>9} {'reasoned':>9} {'not run':>8} {'rate':>7}"
    ]
    lines += [_figures(file, [one for one in made if one[0].file == file], known) for file in files]
    lines.append(_figures("all", made, known))
    survivors = [mutant for mutant, fate in made if fate is Fate.SURVIVED]
    unknown = [one for one in survivors if (one.file, one.change) not in known]
    lines += ["", f"{len(unknown)} survivors without a reason in survivors.toml"]
    lines += [f"{one.file}:{one.line}: {one.change}" for one in sorted(unknown, key=_place)]
    noticed = {(one.file, one.change) for one, fate in made if fate is Fate.KILLED} - {
        _key(one) for one in survivors
    }
    if stale := sorted(noticed & known.keys()):
        lines += [
            "",
            "in survivors.toml, and noticed by now:",
            *(f"{file}: {change}" for file, change in stale),
        ]
    return "\n".join(lines), len(unknown)


def _key(mutant: Mutant) -> tuple[str, str]:
    return mutant.file, mutant.change


def _place(mutant: Mutant) -> tuple[str, int, str]:
    return mutant.file, mutant.line, mutant.change


def _figures(name: str, made: Sequence[tuple[Mutant, Fate]], known: Known) -> str:
    fates = Counter(fate for _, fate in made)
    reasoned = sum(fate is Fate.SURVIVED and _key(one) in known for one, fate in made)
    killed, survived = fates[Fate.KILLED], fates[Fate.SURVIVED]
    rate = f"{killed / (killed + survived):.1%}" if killed + survived else "-"
    return f"{name:60} {len(made):6} {killed:7} {survived:9} {reasoned:9} {fates[Fate.NOT_RUN]:8} {rate:>7}"
