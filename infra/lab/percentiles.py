"""Percentiles of what was measured or modelled."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from dexec_client.raw.json_types import Document


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest of the sorted ``values`` that ``percent`` of them do not exceed."""
    return values[max(0, math.ceil(len(values) * percent / 100) - 1)]


def spread(values: Iterable[float]) -> Document:
    """Return p50, p90, p99 and max, rounded to a tenth; None where there are no values."""
    ordered = sorted(values)
    if not ordered:
        return dict.fromkeys(("p50", "p90", "p99", "max"))
    named = {"p50": 50, "p90": 90, "p99": 99, "max": 100}
    return {name: round(percentile(ordered, percent), 1) for name, percent in named.items()}
