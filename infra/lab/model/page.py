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
    for name, latency in assumed.latencies.items():
        times = f"p50 {latency.p50_ms:g} ms, p99 {latency.p99_ms:g} ms"
        yield name, times, latency.basis, latency.source
    values = {**assumed.usage, **assumed.metering}
    for name, value in (("coldStartRate", assumed.cold_start_rate), *values.items()):
        yield name, f"{value.value:g}", value.basis, value.source
    processor = assumed.full_processor_mb
    yield "fullProcessorMb", f"{processor.value:g}", processor.basis, processor.source
    for name, made in assumed.functions.items():
        cold = f"cold {made.import_cpu_ms:g} + {made.first_cpu_ms:g} ms"
        yield name, f"{made.cpu_ms:g} ms CPU, {cold}", made.basis, made.source
    for name, price in assumed.prices.items():
        yield name, f"{price.usd:.10g} USD per {price.per:,}", price.basis, price.source
    for name, quota in assumed.quotas.items():
        raised = "can be raised" if quota.adjustable else "fixed"
        yield name, f"{quota.limit:g}, {raised}", quota.basis, quota.source


def write(path: Path = PROJECT / "docs" / "cloud-model.md") -> None:
    """Write the page."""
    path.write_text(page(assumptions()), encoding="utf-8")


if __name__ == "__main__":
    write()
