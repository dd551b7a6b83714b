"""Writes ``docs/cloud-model.md``: ``python -m infra.model.page``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from infra.local.home import PROJECT
from infra.model.assumptions import Assumptions, assumptions
from infra.model.report import model, tables
from infra.model.run import Scenario

ORDERS = 1_000

_INTRO = """# The cloud model

What AWS would show, before anything is deployed there. `dexec model` runs the real use cases (accept, execute, tell) one order after the other in simulated time. Where they would call a service, a clock moves by a latency drawn from that service's distribution, and the call is counted and priced. Nothing sleeps, nothing is random that the seed does not fix: the same arguments give the same answers.

What is real: the use cases, routing, the paper market and cluster, signing, the frames and their sizes, the number of round trips. What is assumed stands in `infra/model/assumptions.json`, each with its basis: *published* by AWS, *measured by others*, *measured here*, or an *estimate* that a measurement on AWS should replace. All is for one region, with the client's network left out. Retries, conflicts between one client's simultaneous orders and pushes that are merged behind a slow one are left out, too.

This page is written by `python -m infra.model.page`.
"""

_SCENARIOS = {
    "Default latencies, one watcher": Scenario("default", 1),
    "No simulated latency, one watcher: what the engine itself adds": Scenario("none", 1),
}


def page(assumed: Assumptions) -> str:
    """Return the page."""
    parts = [_INTRO]
    for title, scenario in _SCENARIOS.items():
        parts.append(f"## {title}\n")
        for name, header, rows in tables(model(scenario, ORDERS, 10, assumed)):
            parts.append(f"**{name}**\n\n{markdown(header, rows)}\n")
    parts.append("## Assumptions\n")
    parts.append(f"{assumed.region}, checked {assumed.checked}.\n")
    parts.append(markdown(("assumption", "value", "basis", "source"), list(_assumptions(assumed))) + "\n")
    return "\n".join(parts)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _assumptions(assumed: Assumptions) -> Iterator[tuple[str, ...]]:
    for name, latency in assumed.latencies.items():
        times = f"p50 {latency.p50_ms:g} ms, p99 {latency.p99_ms:g} ms"
        yield name, times, latency.basis, latency.source
    for name, value in (("coldStartRate", assumed.cold_start_rate), *assumed.usage.items()):
        yield name, f"{value.value:g}", value.basis, value.source
    processor = assumed.full_processor_mb
    yield "fullProcessorMb", f"{processor.value:g}", processor.basis, processor.source
    for name, made in assumed.functions.items():
        yield name, f"{made.memory_mb} MB, {made.cpu_ms:g} ms CPU", made.basis, made.source
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
