"""This checkout against another one, run in turn: ``python -m infra.lab.bench.against CHECKOUT``.

Each pair is the CPU budget of an order, or with ``--bursts`` the warm burst, of one and then of the other, so
that both meet the same noise. A ratio above 1 says that this checkout is the faster one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import cast

from rich.console import Console
from rich.table import Table

from dexec_client.raw.json_types import Document
from infra.local.home import PROJECT

Figures = Mapping[str, float]


def budget(checkout: Path, orders: int) -> Figures:
    """Return the CPU of an order, in milliseconds, as a checkout measures it."""
    argv = ["-m", "infra.lab.bench.budget", "--runs", "1", "--orders", str(orders), "--json"]
    found = json.loads(_run(checkout, "python", *argv))
    names = {
        "acceptCpuMs": "accept",
        "executeCpuMs": "execute",
        "cpuMs": "both",
        "databaseCpuMs": "PostgreSQL",
    }
    figures = {f"{title}, ms": found["orderCpuMs"][name] for name, title in names.items()}
    return figures | {f"cold start of {name}, ms": one["cpuMs"] for name, one in found["coldStart"].items()}


def burst(checkout: Path, orders: int) -> Figures:
    """Return what an order of a warm burst takes, in milliseconds, on a deployment of the checkout's own."""
    with tempfile.TemporaryDirectory(prefix="dexec-against-") as folder:
        report = Path(folder) / "report.json"
        _run(checkout, "dexec", "bench", "--orders", str(orders), "--json", str(report))
        found = cast(Document, json.loads(report.read_text()))
    spent = sum(cast("dict[str, float]", found["cpuSeconds"]).values())
    return {
        "wall of an order in the burst, ms": 1000 / float(str(found["ordersPerSecond"])),
        "CPU of an order in the burst, ms": spent * 1000 / float(str(found["ordersConfirmed"])),
    }


def _run(checkout: Path, program: str, *arguments: str) -> str:
    """Run a checkout's own program in it. Raises ``CalledProcessError``."""
    path = checkout / ".venv" / "bin" / program
    return subprocess.run(
        [str(path), *arguments], cwd=checkout, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def compare(
    other: Path, pairs: int, measure: Callable[[Path], Figures]
) -> dict[str, list[tuple[float, float]]]:
    """Return each figure's pairs: of this checkout, and of the other one; who is first alternates."""
    found: dict[str, list[tuple[float, float]]] = {}
    for number in range(pairs):
        print(f"pair {number + 1} of {pairs}", file=sys.stderr, flush=True)
        order = (PROJECT, other) if number % 2 else (other, PROJECT)
        run = {checkout: measure(checkout) for checkout in order}
        for name, mine in run[PROJECT].items():
            found.setdefault(name, []).append((mine, run[other][name]))
    return found


def table(found: Mapping[str, list[tuple[float, float]]]) -> Table:
    """Return medians of both, and the median, least and greatest ratio of the pairs."""
    rows = Table("figure", "this", "other", "other / this", "from", "to", box=None)
    for name, pairs in found.items():
        ratios = [other / mine for mine, other in pairs]
        both = (median(one[place] for one in pairs) for place in (0, 1))
        cells = (*both, median(ratios), min(ratios), max(ratios))
        rows.add_row(name, *(f"{cell:.2f}" for cell in cells))
    return rows


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m infra.lab.bench.against", description=__doc__)
    parser.add_argument("checkout", type=Path, help="the other one, with its .venv")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--orders", type=int, default=300, help="orders of a measurement")
    parser.add_argument("--bursts", action="store_true", help="the warm burst instead of the budget")
    options = parser.parse_args()
    measure = burst if options.bursts else budget
    found = compare(
        options.checkout.resolve(), options.pairs, lambda checkout: measure(checkout, options.orders)
    )
    Console(highlight=False).print(table(found))


if __name__ == "__main__":
    main()
