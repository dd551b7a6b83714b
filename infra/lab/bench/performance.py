"""The page about performance: figures of the standard set put into its prose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dexec_client.raw.json_types import Document

LOSSES = ("socketsRefused", "ordersRefused", "ordersBehindError", "eventsMissing", "eventsDuplicated")
"""What there is to be none of; of several runs the page has the worst."""

BURSTS = ("burst", "burstSocketPerOrder", "manyClients", "coldBurst", "coldSocketPerOrder")
"""Those after which the deployment's memory is to be small."""


def page(parts: Document) -> str:
    """Return the page as Markdown, of the figures of all parts and of when each was measured."""
    environment = Environment(  # noqa: S701 - Markdown
        loader=FileSystemLoader(Path(__file__).parent),
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"times": _times, "losses": _losses, "cpu": _cpu_ms}
    measured = {name: cast(Document, part) for name, part in parts.items()}
    figures: Document = {}
    for part in measured.values():
        figures |= cast(Document, part["figures"])
    last = max(measured.values(), key=lambda part: str(part["at"]))
    burst, machine = cast(Document, figures["burst"]), cast(Document, last["machine"])
    bound = int(str(machine["cores"])) * 1000 / float(_cpu_ms(burst))
    most_mb = max(float(str(cast(Document, figures[name])["deploymentMb"])) for name in BURSTS)
    template = environment.get_template("performance.md.j2")
    return template.render(figures, machine=machine, commits=_commits(measured), bound=bound, mostMb=most_mb)


def _commits(measured: Mapping[str, Document]) -> dict[str, list[str]]:
    """Return which parts were measured at each commit."""
    found: dict[str, list[str]] = {}
    for name, part in measured.items():
        found.setdefault(str(part["commit"]), []).append(f"{name} {part['at']}")
    return found


def _times(spread: dict[str, float | None]) -> str:
    return " / ".join("–" if spread[one] is None else f"{spread[one]:g}" for one in ("p50", "p99"))


def _losses(run: Document) -> str:
    return ", ".join(str(run[name]) for name in ("eventsMissing", "eventsDuplicated", "eventsOutOfOrder"))


def _cpu_ms(run: Document) -> str:
    """Return the CPU of an order, of all processes together."""
    spent = sum(cast("dict[str, float]", run["cpuSeconds"]).values())
    return f"{spent * 1000 / (int(str(run['ordersConfirmed'])) or 1):.1f}"
