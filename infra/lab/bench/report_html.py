"""The report as one HTML file: figures, and charts in SVG; it loads nothing."""

from __future__ import annotations

import json
from html import escape
from typing import cast

from infra.client.api import Document
from infra.lab.bench.charts import Bar, Line, bars, lines
from infra.lab.bench.figures import Figures, percentile
from infra.lab.bench.report_text import rows, title

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 760px; margin: 2rem auto; padding: 0 1rem;
  color: #1c2430; background: #fff }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
table { border-collapse: collapse } td { padding: .1rem 1.5rem .1rem 0; font-variant-numeric: tabular-nums }
svg { max-width: 100%; height: auto; font: 12px system-ui, sans-serif }
svg text { fill: currentColor } .bar { fill: #3b6fd4 } .mark { stroke: #8a94a6 } .grid { stroke: #e3e7ee }
pre { overflow-x: auto; font-size: 12px }
"""


def page(figures: Figures, report: Document) -> str:
    """Return the page."""
    table = "".join(f"<tr><td>{escape(name)}</td><td>{escape(text)}</td></tr>" for name, text in rows(report))
    sections = {
        "Time to each state (p50; marks: p90, p99)": _states(report),
        "Orders whose last event arrived within": _distribution(figures),
        "Queued and executing": _moments(figures),
        "CPU by process": _usage(report, "cpuSeconds", "s"),
        "Memory by process": _usage(report, "memoryMb", "MB"),
    }
    charts = "".join(f"<h2>{escape(name)}</h2>{chart}" for name, chart in sections.items())
    data = escape(json.dumps(report, indent=2))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>dexec bench</title>'
        f"<style>{_STYLE}</style><h1>{escape(title(report))}</h1><table>{table}</table>{charts}"
        f"<h2>As JSON</h2><pre>{data}</pre></html>\n"
    )


def _states(report: Document) -> str:
    states = cast("dict[str, dict[str, float]]", report["stateMs"])
    found = [
        Bar(state, times["p50"], f"{times['p50']:g} · {times['p90']:g} · {times['p99']:g}", _marks(times))
        for state, times in states.items()
    ]
    return bars(found, "ms")


def _marks(times: dict[str, float]) -> tuple[float, ...]:
    return times["p90"], times["p99"]


def _distribution(figures: Figures) -> str:
    ends, accepts = sorted(figures.end_to_end_ms()), sorted(figures.accept_ms())
    curves = [_curve("accepted", "#8a94a6", accepts), _curve("confirmed", "#3b6fd4", ends)]
    return lines(curves, x_unit="ms", y_unit="%")


def _curve(label: str, colour: str, values: list[float]) -> Line:
    points = [(percentile(values, percent), float(percent)) for percent in range(1, 101)] if values else []
    return Line(label, colour, points)


def _moments(figures: Figures) -> str:
    moments = figures.moments()
    queued = [(max(0.0, moment.at), float(moment.queued)) for moment in moments]
    executing = [(max(0.0, moment.at), float(moment.executing)) for moment in moments]
    return lines(
        [
            Line("queued", "#8a94a6", queued, steps=True),
            Line("executing", "#3b6fd4", executing, steps=True),
        ],
        x_unit="s",
        y_unit="",
    )


def _usage(report: Document, name: str, unit: str) -> str:
    used = cast("dict[str, float]", report[name])
    return bars([Bar(kind, value, f"{value:g}") for kind, value in used.items()], unit)
