"""What became of a batch, as CloudWatch metrics (EMF) and as running totals.

The metrics' names are a promise: alarms and dashboards are built on them (docs/operations.md).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.domain import pricing, totals
from grok_insights.domain.insight import Insight, Status
from grok_insights.errors import AnalysisError
from grok_insights.telemetry import MetricUnit, metrics

if TYPE_CHECKING:
    from grok_insights.analysis.calls import CallResult
    from grok_insights.flow.pauses import Reason

MOST_VALUES: Final = 100
"""Values one EMF metric may hold:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html"""

KINDS: Final = ("transient", "permanent", "configuration", "credits")


@dataclass(frozen=True, slots=True)
class Report:
    """What became of conversations. Each step returns its own, and ``+`` adds them up."""

    calls: tuple[CallResult, ...] = ()
    """Every call, those of probes too."""
    saved: tuple[Insight, ...] = ()
    retried: int = 0
    deferred: int = 0
    dead_lettered: int = 0
    unsaved: frozenset[str] = frozenset()
    """Ids of those whose insight could not be saved, or that wait until insights can be."""
    redelivered: frozenset[str] = frozenset()
    """Ids of those whose message must be delivered again."""
    stopped_by: Reason | None = None

    def __add__(self, other: Report) -> Report:
        """Both together. The first reason why calls were stopped counts."""
        return Report(
            calls=self.calls + other.calls,
            saved=self.saved + other.saved,
            retried=self.retried + other.retried,
            deferred=self.deferred + other.deferred,
            dead_lettered=self.dead_lettered + other.dead_lettered,
            unsaved=self.unsaved | other.unsaved,
            redelivered=self.redelivered | other.redelivered,
            stopped_by=self.stopped_by or other.stopped_by,
        )

    @property
    def completed(self) -> int:
        """How many insights were saved with an analysis."""
        return sum(one.status is Status.COMPLETED for one in self.saved)

    @property
    def failed(self) -> int:
        """How many insights were saved with the reason why there is no analysis."""
        return len(self.saved) - self.completed

    def spent_ticks(self) -> int:
        """What the batch's calls used up, whether or not their answers were of use."""
        return sum(call.cost.ticks for call in self.calls)

    def errors(self) -> list[AnalysisError]:
        """The errors of the calls that failed."""
        return [call.outcome for call in self.calls if isinstance(call.outcome, AnalysisError)]

    def made(self) -> list[CallResult]:
        """The calls that went out."""
        return [call for call in self.calls if call.outcome is not None]


@dataclass(frozen=True, slots=True)
class BatchReport:
    """A batch as a whole, for metrics. ``oldest`` is when the first of its messages was sent."""

    received: int
    oldest: datetime | None
    report: Report
    batch_size: int = 0
    budget_left_ticks: int | None = None
    circuit_changes: tuple[str, ...] = ()


def totals_of(batch: BatchReport) -> Counter[str]:
    """What a batch adds to the running totals."""
    report = batch.report
    counted = Counter(
        analysed=report.completed,
        failed=report.failed,
        retried=report.retried,
        deferred=report.deferred,
        dead_lettered=report.dead_lettered,
        circuit_opened=batch.circuit_changes.count("OPEN"),
    )
    for call in report.made():
        error = call.outcome.kind if isinstance(call.outcome, AnalysisError) else None
        counted += totals.of_call(
            call.latency_seconds, tokens=call.cost.tokens, cost_ticks=call.cost.ticks, error=error
        )
    return Counter({name: number for name, number in counted.items() if number})


def emit(batch: BatchReport, now: datetime) -> None:
    """Add a batch's metrics to those that are flushed at its end."""
    report = batch.report
    for name, number in _counts(batch).items():
        metrics.add_metric(name, MetricUnit.Count, number)
    for call in report.made()[:MOST_VALUES]:
        metrics.add_metric("GrokLatency", MetricUnit.Seconds, call.latency_seconds)
    metrics.add_metric("CostUsd", MetricUnit.NoUnit, float(pricing.usd(report.spent_ticks())))
    if batch.budget_left_ticks is not None:
        left = float(pricing.usd(batch.budget_left_ticks))
        metrics.add_metric("BudgetLeftUsd", MetricUnit.NoUnit, left)
    if batch.oldest is not None:
        age_seconds = max(0.0, (now - batch.oldest).total_seconds())
        metrics.add_metric("OldestConversationAge", MetricUnit.Seconds, age_seconds)


def _counts(batch: BatchReport) -> dict[str, int]:
    report = batch.report
    kinds = Counter(error.kind for error in report.errors())
    return {
        "ConversationsReceived": batch.received,
        "ConversationsAnalysed": report.completed,
        "ConversationsFailed": report.failed,
        "ConversationsRetried": report.retried,
        "ConversationsDeferred": report.deferred,
        "ConversationsDeadLettered": report.dead_lettered,
        "ConversationsUnsaved": len(report.unsaved | report.redelivered),
        "GrokCalls": len(report.made()),
        "GrokErrors": sum(kinds.values()),
        **{f"GrokErrors{kind.capitalize()}": kinds[kind] for kind in KINDS},
        "TokensUsed": sum(call.cost.tokens for call in report.calls),
        "BatchSize": batch.batch_size,
        "CircuitOpened": batch.circuit_changes.count("OPEN"),
        "CircuitProbed": batch.circuit_changes.count("HALF_OPEN"),
        "CircuitClosed": batch.circuit_changes.count("CLOSED"),
        "WorkerPaused": int(report.stopped_by is not None),
    }
