"""Writes ``docs/cloud-model.md``: ``python -m infra.lab.model.page``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from infra.lab.model.assumptions import Assumptions, assumptions
from infra.lab.model.report import model
from infra.lab.model.run import Scenario
from infra.lab.model.tables import Table, of_cost, of_speed
from infra.local.home import PROJECT
from infra.markdown import table

ORDERS = 1_000

_INTRO = Path(__file__).parent / "intro.md"

_SCENARIOS = {
    "Default latencies, one watcher": Scenario("default", 1),
    "No simulated latency, one watcher: what the engine itself adds": Scenario("none", 1),
}


def page(assumed: Assumptions) -> str:
    """Return the page."""
    parts = [_INTRO.read_text(encoding="utf-8")]
    documents = [model(scenario, ORDERS, 10, assumed) for scenario in _SCENARIOS.values()]
    for title, document in zip(_SCENARIOS, documents, strict=True):
        parts += [f"## {title}\n", *_tables(of_speed(document))]
    parts += ["## What it costs, default latencies, one watcher\n", *_tables(of_cost(documents[0]))]
    parts.append("## Assumptions\n")
    parts.append(f"{assumed.region}, checked {assumed.checked}.\n")
    parts.append(table(("assumption", "value", "basis", "source"), list(_assumptions(assumed))) + "\n")
    return "\n".join(parts)


def _tables(found: Iterable[Table]) -> Iterator[str]:
    for name, header, rows in found:
        yield f"**{name}**\n\n{table(header, rows)}\n"


def _assumptions(assumed: Assumptions) -> Iterator[tuple[str, ...]]:
    values = {**assumed.usage, **assumed.metering, "fullProcessorMb": assumed.full_processor_mb}
    values["coldStartRate"] = assumed.cold_start_rate
    groups = (assumed.latencies, values, assumed.functions, assumed.prices, assumed.quotas)
    for name, one in ((name, one) for group in groups for name, one in group.items()):
        given = one.model_dump(exclude={"basis", "source", "service"}, exclude_defaults=True)
        # Of what is true or false the name says enough.
        shown = [
            field.replace("_", " ") if number is True else f"{field.replace('_', ' ')} {number:,.10g}"
            for field, number in given.items()
            if number is not False
        ]
        yield name, ", ".join(shown).removeprefix("value "), one.basis, one.source


def write(path: Path = PROJECT / "docs" / "cloud-model.md") -> None:
    """Write the page."""
    path.write_text(page(assumptions()), encoding="utf-8")


if __name__ == "__main__":
    write()
