"""Metrics in Prometheus' text format, made by its own client library.

Totals live in DynamoDB and only grow, so that they survive cold starts and add up across functions:
here they are only shown, and nothing is counted in the process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric, UnknownMetricFamily
from prometheus_client.registry import Collector

from grok_insights.domain.pricing import TICKS_PER_USD
from grok_insights.domain.totals import ERROR, LATENCY, LATENCY_BOUNDS_SECONDS

if TYPE_CHECKING:
    from collections import Counter


ERROR_KINDS: Final = ("configuration", "credits", "permanent", "transient")
"""Kinds that are shown from the start, as 0, so that an alert sees their first error."""

COUNTERS: Final = {
    "grok_calls": ("calls", "Calls to Grok, with or without success"),
    "grok_tokens": ("tokens", "Tokens that Grok billed, or an estimate"),
    "conversations_analysed": ("analysed", "Conversations that got their insight"),
    "conversations_deferred": ("deferred", "Conversations sent back to the queue to wait"),
    "conversations_failed": ("failed", "Conversations given up, which have a failed insight"),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """The running totals by name, see `domain.totals`, and the sizes of what stands still."""

    totals: Counter[str]
    queue_depth: int
    dead_letters: int
    batch_size: int
    daily_budget_usd: float
    daily_spend_usd: float | None
    """None if it cannot be read."""


def exposition(measured: Measured) -> tuple[str, str]:
    """Return the metrics as text, and the media type of that text."""
    return generate_latest(_Shown(measured)).decode(), CONTENT_TYPE_PLAIN_0_0_4


class _Shown(Collector):
    def __init__(self, measured: Measured) -> None:
        self.measured = measured

    def collect(self) -> Iterator[Metric]:
        totals = self.measured.totals
        for name, (total, meaning) in COUNTERS.items():
            yield CounterMetricFamily(name, meaning, value=totals[total])
        yield _errors(totals)
        yield _latency(totals)
        # Neither this nor the errors end in _total, as the library has it for counters: their
        # names are a promise to dashboards, so they are shown without a type.
        yield UnknownMetricFamily(
            "estimated_cost_usd", "Money spent on Grok", value=totals["cost_ticks"] / TICKS_PER_USD
        )
        yield GaugeMetricFamily(
            "analysis_queue_depth", "Conversations that wait", value=self.measured.queue_depth
        )
        yield GaugeMetricFamily(
            "dead_letters", "Messages that were given up", value=self.measured.dead_letters
        )
        yield GaugeMetricFamily(
            "adaptive_batch_size", "Calls side by side", value=self.measured.batch_size
        )
        yield GaugeMetricFamily(
            "daily_budget_usd",
            "Money that a day (UTC) may cost; 0 means no limit",
            value=self.measured.daily_budget_usd,
        )
        if self.measured.daily_spend_usd is not None:
            yield GaugeMetricFamily(
                "daily_spend_usd",
                "Money taken out of that budget today; 0 if there is none",
                value=self.measured.daily_spend_usd,
            )


def _errors(totals: Counter[str]) -> Metric:
    family = UnknownMetricFamily("grok_call_errors", "Calls that failed", labels=["kind"])
    found = {name.removeprefix(ERROR) for name in totals if name.startswith(ERROR)}
    for kind in sorted(found.union(ERROR_KINDS)):
        family.add_metric([kind], totals[f"{ERROR}{kind}"])
    return family


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
