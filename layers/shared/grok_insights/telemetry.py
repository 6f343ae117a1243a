"""Structured logs and CloudWatch metrics (EMF). They contain no conversation text and no key."""

from __future__ import annotations

from typing import Final

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

NAMESPACE: Final = "GrokInsights"

# Both take their service from POWERTOOLS_SERVICE_NAME: the stack's name, so that the metrics of two
# stacks in one account do not add up.
logger = Logger()
metrics = Metrics(namespace=NAMESPACE)

__all__ = ["NAMESPACE", "MetricUnit", "logger", "metrics"]


def flush() -> None:
    """Write the metrics that were added, if any, as one line of EMF."""
    if metrics.metric_set:
        metrics.flush_metrics()
