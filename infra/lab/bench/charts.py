"""Charts as SVG text, without a library: what a report needs and no more."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 90, 20, 10, 40

Point = tuple[float, float]


class Bar(NamedTuple):
    """A labelled bar with a text at its end; ``marks`` are fainter values further right."""

    label: str
    value: float
    text: str
    marks: tuple[float, ...] = ()


class Line(NamedTuple):
    """A labelled line in a CSS colour; ``steps`` keeps each value until the next point."""

    label: str
    colour: str
    points: Sequence[Point]
    steps: bool = False


def bars(rows: Sequence[Bar], unit: str) -> str:
    """Return horizontal bars, from zero to the largest value or mark."""
    most = max((value for row in rows for value in (row.value, *row.marks)), default=0) or 1
    scale = (WIDTH - _LEFT - 190) / most
    parts = []
    for index, row in enumerate(rows):
        y = 12 + index * 28
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(row.label)}</text>')
        parts += [_mark(_LEFT + mark * scale, y) for mark in row.marks]
        parts.append(f'<rect x="{_LEFT}" y="{y}" width="{row.value * scale:.1f}" height="18" class="bar"/>')
        end = _LEFT + max((row.value, *row.marks)) * scale + 8
        parts.append(f'<text x="{end:.1f}" y="{y + 14}">{escape(row.text)} {escape(unit)}</text>')
    return _svg(parts, 12 + len(rows) * 28)


def lines(curves: Sequence[Line], x_unit: str, y_unit: str) -> str:
    """Return curves over common axes that begin at zero."""
    points = [point for curve in curves for point in curve.points]
    most_x = max((x for x, _ in points), default=0) or 1
    most_y = max((y for _, y in points), default=0) or 1
    parts = _axes(most_x, most_y, x_unit, y_unit)
    for index, curve in enumerate(curves):
        path = " ".join(f"{_x(x, most_x):.1f},{_y(y, most_y):.1f}" for x, y in _corners(curve))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{curve.colour}" stroke-width="1.5"/>')
        y = _TOP + 14 + index * 16
        parts.append(f'<text x="{_LEFT + 10}" y="{y}" fill="{curve.colour}">{escape(curve.label)}</text>')
    return _svg(parts, HEIGHT)


def _corners(curve: Line) -> list[Point]:
    corners: list[Point] = []
    for x, y in curve.points:
        if curve.steps and corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    return corners


def _axes(most_x: float, most_y: float, x_unit: str, y_unit: str) -> list[str]:
    parts = []
    for quarter in range(5):
        x, y = most_x * quarter / 4, most_y * quarter / 4
        left, right, level = _LEFT, WIDTH - _RIGHT, _y(y, most_y)
        parts.append(f'<line x1="{left}" x2="{right}" y1="{level:.1f}" y2="{level:.1f}" class="grid"/>')
        parts.append(f'<text x="{left - 8}" y="{level + 4:.1f}" text-anchor="end">{y:.4g} {y_unit}</text>')
        place = f'x="{_x(x, most_x):.1f}" y="{HEIGHT - 20}" text-anchor="middle"'
        parts.append(f"<text {place}>{x:.4g} {x_unit}</text>")
    return parts


def _x(value: float, most: float) -> float:
    return _LEFT + value / most * (WIDTH - _LEFT - _RIGHT)


def _y(value: float, most: float) -> float:
    return HEIGHT - _BOTTOM - value / most * (HEIGHT - _TOP - _BOTTOM)


def _mark(x: float, y: int) -> str:
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 18}" class="mark"/>'


def _svg(parts: Sequence[str], height: int) -> str:
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">{"".join(parts)}</svg>'
