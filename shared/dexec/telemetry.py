"""Logs and metrics, the same for every function: JSON lines, one metrics namespace."""

from __future__ import annotations

import os
from datetime import timedelta

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricResolution, MetricUnit, single_metric
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.constants import MAX_METRICS

from dexec.api.problems import status_of
from dexec.api.routes import route_details
from dexec.domain.errors import (
    BlockhashExpired,
    Cancelled,
    DeadlinePassed,
    DexecError,
    InsufficientFunds,
    InsufficientLiquidity,
    KeyRevoked,
    NoVenue,
    OrderFailed,
    PoolDisabled,
    SlippageExceeded,
)
from dexec.domain.lifecycle import RESTING, Status, Step
from dexec.domain.order import Event, Order
from dexec.domain.recorded import RecordedRoute
from dexec.domain.risk import RiskRefused
from dexec.usecases.report import Report

NAMESPACE = "dexec"
"""Unless ``POWERTOOLS_METRICS_NAMESPACE`` names another: each stack counts for itself."""

FAILURES = frozenset(
    kind.code
    for kind in (
        BlockhashExpired,
        Cancelled,
        DeadlinePassed,
        InsufficientFunds,
        InsufficientLiquidity,
        KeyRevoked,
        NoVenue,
        OrderFailed,
        PoolDisabled,
        RiskRefused,
        SlippageExceeded,
    )
)
"""The reasons that failures are counted by; a dimension must not grow, so any other is ``other``."""

STAGES = {
    (Status.ROUTING, Step.QUOTES): "RouteTime",
    (Status.SUBMITTED, None): "BuildTime",
    (Status.CONFIRMED, None): "LandTime",
}
"""The metric of the time that led to an event."""

ENDS = {
    Status.CONFIRMED: "OrdersConfirmed",
    Status.FAILED: "OrdersFailed",
    Status.CANCELLED: "OrdersCancelled",
    Status.EXPIRED: "OrdersExpired",
}
"""The metric of each way in which an order ends."""


class _SkipEmptyMetrics(AmazonCloudWatchEMFProvider):
    """Writes nothing if no metric was added: many invocations have none."""

    def add_metric(
        self, name: str, unit: MetricUnit | str, value: float, resolution: MetricResolution | int = 60
    ) -> None:
        """Add a value; the first value of a metric of this package skips the parent's checks."""
        is_first = name not in self.metric_set and len(self.metric_set) < MAX_METRICS - 1
        if not is_first or not isinstance(unit, MetricUnit) or resolution != 60:
            super().add_metric(name, unit, value, resolution)
            return
        self.metric_set[name] = {"Unit": unit.value, "StorageResolution": resolution, "Value": [float(value)]}

    def flush_metrics(self, raise_on_empty_metrics: bool = False) -> None:
        if self.metric_set:
            super().flush_metrics(raise_on_empty_metrics)


def make_logger(service: str) -> Logger:
    """Return a logger of JSON lines; ``order_id`` is appended as soon as it is known."""
    # What is logged is text: not to look for JSON in it saves an exception for every line.
    return Logger(service=service, json_deserializer=str)


def make_metrics(service: str) -> Metrics:
    """Return the metrics of a function; their only dimension is ``service``."""
    namespace = os.environ.get("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE)
    return Metrics(provider=_SkipEmptyMetrics(namespace=namespace, service=service))


def count_unexpected(logger: Logger, metrics: Metrics, message: str, error: Exception | None = None) -> None:
    """Log an error that no code expected (the one that is handled, unless given), and count it.

    It is counted for the service, and, for the alarm, once more without a dimension.
    """
    logger.exception(message, exc_info=error or True)
    metrics.add_metric("UnexpectedErrors", MetricUnit.Count, 1)
    with single_metric("UnexpectedErrors", MetricUnit.Count, 1, namespace=metrics.provider.namespace):
        pass


def log_failure(logger: Logger, metrics: Metrics, error: DexecError) -> None:
    """Log an error that is not the client's: what no code expected with its traceback, and counted."""
    status = status_of(error)
    if status == 500:
        count_unexpected(logger, metrics, "unexpected error", error)
    elif status > 500:
        cause = repr(error.__cause__)
        logger.error("request failed", error=type(error).__name__, reason=str(error), cause=cause)


def count_accepted(logger: Logger, metrics: Metrics, order: Order) -> None:
    """Count an order that was accepted; what is logged from now on carries its id."""
    logger.append_keys(order_id=order.id)
    metrics.add_metric("OrdersAccepted", MetricUnit.Count, 1)


def count_run(metrics: Metrics, report: Report) -> None:
    """Count one run: how long the order waited, its stages, its outcome, failed pushes."""
    _add_time(metrics, "QueueWait", report.waited)
    own = {event.seq for event in report.own_events}
    for before, event in zip(report.events, report.events[1:], strict=False):
        stage = STAGES.get((event.status, event.step))
        if stage is not None and event.seq in own:
            _add_time(metrics, stage, event.at - before.at)
    if report.push_failures:
        metrics.add_metric("PushFailures", MetricUnit.Count, report.push_failures)
    if report.order.is_terminal:
        _count_end(metrics, report.order, report.events)
    elif report.order.status in RESTING:
        metrics.add_metric("OrdersRested", MetricUnit.Count, 1)


def decision(event: Event) -> dict[str, object] | None:
    """Return what the log says about a routing decision; None for any other event."""
    if not isinstance(event.detail, RecordedRoute):
        return None
    named = ("reason", "quotes", "legs", "leftOut", "amountIn", "amountOut", "slot")
    details: dict[str, object] = {**route_details(event.detail)}
    return {"attempt": event.attempt, **{name: details[name] for name in named}}


def _count_end(metrics: Metrics, order: Order, events: tuple[Event, ...]) -> None:
    metrics.add_metric(ENDS[order.status], MetricUnit.Count, 1)
    started = next((event.at for event in events if event.status is Status.ROUTING), order.created_at)
    _add_time(metrics, "ExecutionTime", order.updated_at - started)
    if order.status is Status.FAILED:
        _count_reason(metrics, order)


def _count_reason(metrics: Metrics, order: Order) -> None:
    code = "" if order.error is None else order.error.code
    with single_metric(
        "OrdersFailed",
        MetricUnit.Count,
        1,
        namespace=metrics.provider.namespace,
        default_dimensions={"service": metrics.provider.service},
    ) as metric:
        metric.add_dimension("reason", code if code in FAILURES else "other")


def _add_time(metrics: Metrics, name: str, time: timedelta) -> None:
    metrics.add_metric(name, MetricUnit.Milliseconds, round(time.total_seconds() * 1000, 1))
