"""Metrics in Prometheus' text format, made by its client library.

The totals are stored in DynamoDB and only grow, so that they include all functions and cold starts.
Nothing is counted in this process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric, UnknownMetricFamily
from prometheus_client.registry import Collector

from grok_insights.domain.job import JobKind, JobStatus
from grok_insights.domain.pricing import TICKS_PER_USD
from grok_insights.domain.totals import ERROR, LATENCY, LATENCY_BOUNDS_SECONDS

if TYPE_CHECKING:
    from collections import Counter

    from grok_insights.domain.job_summary import JobSummary

INITIAL_ERROR_KINDS: Final = ("configuration", "credits", "permanent", "transient")
"""Kinds that are shown as 0 before their first error, so that an alert sees the increase."""

COUNTERS: Final = {
    "grok_calls": ("calls", "Calls to Grok, with or without success"),
    "grok_tokens": ("tokens", "Tokens that Grok billed, or an estimate"),
    "conversations_analysed": ("analysed", "Conversations with a completed insight"),
    "conversations_deferred": ("deferred", "Conversations whose message was sent again to wait"),
    "conversations_failed": ("failed", "Conversations with a failed insight"),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """The running totals by name (see `domain.totals`), and current values."""

    totals: Counter[str]
    queue_depth: int
    dead_letters: int
    batch_size: int
    daily_budget_usd: float
    daily_spend_usd: float | None
    """None if it cannot be read."""
    alerts_breached: int | None
    """None if the stored alerts are damaged."""
    undelivered: Mapping[str, int]
    """Events that were given up, by where they were sent."""
    jobs: JobSummary


def exposition(measured: Measured) -> tuple[str, str]:
    """Return the metrics as text, and the media type of that text."""
    return generate_latest(_MetricsCollector(measured)).decode(), CONTENT_TYPE_PLAIN_0_0_4


class _MetricsCollector(Collector):
    def __init__(self, measured: Measured) -> None:
        self.measured = measured

    def collect(self) -> Iterator[Metric]:
        totals = self.measured.totals
        for name, (total, meaning) in COUNTERS.items():
            yield CounterMetricFamily(name, meaning, value=totals[total])
        yield _errors(totals)
        yield _latency(totals)
        # The library adds _total to the names of counters. Dashboards use this name and that of
        # the errors without it, so both have no type.
        yield UnknownMetricFamily(
            "estimated_cost_usd", "Money spent on Grok", value=totals["cost_ticks"] / TICKS_PER_USD
        )
        yield GaugeMetricFamily(
            "analysis_queue_depth", "Conversations that wait", value=self.measured.queue_depth
        )
        yield GaugeMetricFamily(
            "dead_letters", "Messages in the dead-letter queue", value=self.measured.dead_letters
        )
        yield GaugeMetricFamily(
            "adaptive_batch_size", "Concurrent calls of a wave", value=self.measured.batch_size
        )
        yield GaugeMetricFamily(
            "daily_budget_usd",
            "Money that a day (UTC) may cost; 0 means no limit",
            value=self.measured.daily_budget_usd,
        )
        if self.measured.daily_spend_usd is not None:
            yield GaugeMetricFamily(
                "daily_spend_usd",
                "Money of that budget spent or reserved today; 0 if there is no budget",
                value=self.measured.daily_spend_usd,
            )
        if self.measured.alerts_breached is not None:
            yield GaugeMetricFamily(
                "alerts_breached",
                "Alert rules that are breached",
                value=self.measured.alerts_breached,
            )
        yield _undelivered(self.measured.undelivered)
        yield from _jobs(self.measured.jobs)


def _errors(totals: Counter[str]) -> Metric:
    family = UnknownMetricFamily("grok_call_errors", "Calls that failed", labels=["kind"])
    kinds = {name.removeprefix(ERROR) for name in totals if name.startswith(ERROR)}
    for kind in sorted(kinds.union(INITIAL_ERROR_KINDS)):
        family.add_metric([kind], totals[f"{ERROR}{kind}"])
    return family


def _undelivered(depths: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(
        "events_undelivered", "Events, or batches of changes, that were given up", labels=["target"]
    )
    for target, depth in depths.items():
        family.add_metric([target], depth)
    return family


def _jobs(jobs: JobSummary) -> Iterator[Metric]:
    counts = GaugeMetricFamily("jobs", "Jobs among the newest 100", labels=["kind", "status"])
    for kind in JobKind:
        for status in JobStatus:
            counts.add_metric([kind, status], jobs.jobs[kind, status])
    yield counts
    for name, meaning, values in (
        ("job_items_done", "Lines or insights of running jobs that are done", jobs.done),
        ("job_items_total", "Lines or insights of running jobs, as far as known", jobs.total),
        ("job_parts_failed", "Parts that were set aside, of these jobs", jobs.parts_failed),
        (
            "job_seconds_without_progress",
            "Time since a running job was last planned, of the one that waits for longest",
            jobs.seconds_without_progress,
        ),
    ):
        family = GaugeMetricFamily(name, meaning, labels=["kind"])
        for kind in JobKind:
            family.add_metric([kind], values[kind])
        yield family


def _latency(totals: Counter[str]) -> Metric:
    bounds = (*map(str, LATENCY_BOUNDS_SECONDS), "inf")
    counts = accumulate(totals[f"{LATENCY}{bound}"] for bound in bounds)
    return HistogramMetricFamily(
        "grok_call_latency_seconds",
        "Time of a call",
        buckets=[
            ("+Inf" if bound == "inf" else bound, count)
            for bound, count in zip(bounds, counts, strict=True)
        ],
        sum_value=totals["latency_ms"] / 1000,
    )
