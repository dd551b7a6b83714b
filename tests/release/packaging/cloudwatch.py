"""How CloudWatch evaluates an alarm, as far as the alarms of template.yaml go.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html: samples become one data
point a period; the alarm is in ALARM while enough of the last data points breach its threshold, where a
missing one counts as ``TreatMissingData`` says. What a definition uses beyond that is refused.
"""

from __future__ import annotations

import operator
import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from infra.json_types import Json, Node

Samples = tuple[float, ...]
Series = Mapping[str, Sequence[Samples]]
"""The samples of each metric, minute by minute; an empty minute is one in which nothing was reported."""

Point = float | None
_MINUTE_S = 60
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}
_STATISTICS: dict[str, Callable[[Samples], float]] = {
    "Average": statistics.fmean,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Sum": sum,
}
_MISSING_BREACHES = {"breaching": True, "notBreaching": False}


@dataclass(frozen=True)
class Metric:
    """One metric that an alarm watches."""

    namespace: Json
    name: str
    statistic: str
    period_s: int


def metrics(alarm: Node) -> dict[str, Metric]:
    """Return the metrics of an alarm by their ids; that of a plain alarm is called m."""
    if "Metrics" not in alarm:
        statistic = alarm.get("Statistic", alarm.get("ExtendedStatistic"))
        return {"m": _metric(alarm, statistic, alarm["Period"])}
    found = {}
    for query in cast("list[Node]", alarm["Metrics"]):
        if "MetricStat" in query:
            stat = cast(Node, query["MetricStat"])
            found[str(query["Id"])] = _metric(cast(Node, stat["Metric"]), stat["Stat"], stat["Period"])
    return found


def _metric(about: Node, statistic: Json, period: Json) -> Metric:
    return Metric(about["Namespace"], str(about["MetricName"]), str(statistic), int(str(period)))


def states(alarm: Node, series: Series, parameters: Mapping[str, Node], offset: int) -> list[bool]:
    """Tell, period by period, whether the alarm is in ALARM; the first period begins at minute ``offset``."""
    points = _points(alarm, series, offset)
    threshold = _number(alarm["Threshold"], parameters)
    breaches = _COMPARE[str(alarm["ComparisonOperator"])]
    missing = _MISSING_BREACHES[str(alarm["TreatMissingData"])]
    breaching = [missing if point is None else breaches(point, threshold) for point in points]
    periods = int(str(alarm["EvaluationPeriods"]))
    needed = int(str(alarm.get("DatapointsToAlarm", periods)))
    ends = range(periods, len(breaching) + 1)
    assert ends, "the series is shorter than what the alarm looks at"
    return [sum(breaching[end - periods : end]) >= needed for end in ends]


def outcomes(alarm: Node, series: Series, parameters: Mapping[str, Node]) -> set[bool]:
    """Return whether the alarm fires at all, for each way in which its periods can lie over the minutes."""
    minutes = max(metric.period_s for metric in metrics(alarm).values()) // _MINUTE_S
    return {any(states(alarm, series, parameters, offset)) for offset in range(minutes)}


def _points(alarm: Node, series: Series, offset: int) -> list[Point]:
    columns = {
        name: list(_aggregated(series[metric.name][offset:], metric))
        for name, metric in metrics(alarm).items()
    }
    if "Metrics" not in alarm:
        return columns["m"]
    (result,) = [query for query in cast("list[Node]", alarm["Metrics"]) if query.get("ReturnData") is True]
    terms = str(result["Expression"]).split(" + ")
    assert all(re.fullmatch("[a-z][a-z0-9_]*", term) for term in terms), "nothing but sums is understood"
    # A sum is missing where one of its terms is.
    return [None if None in row else sum(row) for row in zip(*(columns[term] for term in terms), strict=True)]


def _aggregated(samples: Sequence[Samples], metric: Metric) -> Iterator[Point]:
    """Yield a data point for each whole period."""
    minutes = metric.period_s // _MINUTE_S
    for start in range(0, len(samples) - minutes + 1, minutes):
        values = tuple(value for minute in samples[start : start + minutes] for value in minute)
        yield _statistic(metric.statistic, values) if values else None


def _statistic(name: str, values: Samples) -> float:
    if percentile := re.fullmatch(r"p(\d\d)", name):
        rank = len(values) * int(percentile[1]) // 100
        return sorted(values)[min(rank, len(values) - 1)]
    return _STATISTICS[name](values)


def _number(value: Json, parameters: Mapping[str, Node]) -> float:
    if isinstance(value, dict):
        value = parameters[str(value["Ref"])]["Default"]
    return float(str(value))
