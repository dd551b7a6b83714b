"""Logs and metrics, the same for every function: JSON lines, one metrics namespace."""

from __future__ import annotations

import warnings

from aws_lambda_powertools import Logger, Metrics

NAMESPACE = "dexec"

# Many invocations have nothing to count; that is no reason for a warning in their log.
warnings.filterwarnings("ignore", "No application metrics to publish")


def make_logger(service: str) -> Logger:
    """Return a logger of JSON lines; ``order_id`` is appended as soon as it is known."""
    return Logger(service=service)


def make_metrics(service: str) -> Metrics:
    """Return the metrics of a function; their only dimension is ``service``."""
    return Metrics(namespace=NAMESPACE, service=service)
