"""The report on a batch, as CloudWatch metrics (EMF) and as running totals.

The names of the metrics must stay: alarms and dashboards use them (docs/operations.md).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.domain import pricing, totals
from grok_insights.domain.insight import Analysis, Insight, Status
from grok_insights.errors import AnalysisError
from grok_insights.telemetry import MetricUnit, metrics

if TYPE_CHECKING:
    from grok_insights.analysis.calls import CallResult
    from grok_insights.flow.pauses import Reason
    from grok_insights.grok.analyzer import Answer

MAX_METRIC_VALUES: Final = 100
"""The largest number of values of one EMF metric:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html"""

ERROR_KINDS: Final = ("transient", "permanent", "configuration", "credits")


@dataclass(frozen=True, slots=True)
class Report:
    """The outcomes of conversations. Each step returns a report, and ``+`` adds reports."""

    calls: tuple[CallResult, ...] = ()
    """All calls, including probes."""
    saved: tuple[Insight, ...] = ()
    retried: int = 0
    deferred: int = 0
    dead_lettered: int = 0
    unsaved: frozenset[str] = frozenset()
    """Ids of conversations whose insight could not be saved, or that wait for a storage pause."""
    redelivered: frozenset[str] = frozenset()
    """Ids of conversations whose message SQS must deliver again."""
    stopped_by: Reason | None = None

    def __add__(self, other: Report) -> Report:
        """Return the sum of both. ``stopped_by`` is the first reason why calls were paused."""
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
        """The number of insights that were saved with an analysis."""
        return sum(insight.status is Status.COMPLETED for insight in self.saved)

    @property
    def failed(self) -> int:
        """The number of failed insights that were saved."""
        return len(self.saved) - self.completed

    def spent_ticks(self) -> int:
        """Return the cost of the calls in ticks, whether or not their answers were usable."""
        return sum(call.cost.ticks for call in self.calls)

    def proposed(self) -> Counter[str]:
        """Return how often the analyses of saved insights propose each topic."""
        outcomes = (insight.outcome for insight in self.saved)
        analyses = (outcome for outcome in outcomes if isinstance(outcome, Analysis))
        return Counter(one.proposed_topic for one in analyses if one.proposed_topic)

    def errors(self) -> list[AnalysisError]:
        """Return the errors of the calls that failed."""
        return [call.outcome for call in self.calls if isinstance(call.outcome, AnalysisError)]

    def unverified_quotes(self) -> int:
        """Return how many quotes of Grok are not in the conversation."""
        return sum(answer.analysis.unverified_quotes for answer in self._answers())

    def invalid_values(self) -> int:
        """Return how many values of Grok are none that their field can have."""
        return sum(answer.invalid_values for answer in self._answers())

    def _answers(self) -> list[Answer]:
        outcomes = (call.outcome for call in self.calls if call.outcome is not None)
        return [one for one in outcomes if not isinstance(one, AnalysisError)]

    def made(self) -> list[CallResult]:
        """Return the calls that were made."""
        return [call for call in self.calls if call.outcome is not None]


@dataclass(frozen=True, slots=True)
class BatchReport:
    """The report on a batch with its totals, for metrics.

    ``oldest`` is the earliest time at which one of its messages was enqueued.
    """

    received: int
    oldest: datetime | None
    report: Report
    batch_size: int = 0
    budget_left_ticks: int | None = None
    circuit_changes: tuple[str, ...] = ()


def totals_of(batch: BatchReport) -> Counter[str]:
    """Return what a batch adds to the running totals, without zeros."""
    report = batch.report
    counts = Counter(
        analysed=report.completed,
        failed=report.failed,
        retried=report.retried,
        deferred=report.deferred,
        dead_lettered=report.dead_lettered,
        circuit_opened=batch.circuit_changes.count("OPEN"),
    )
    for call in report.made():
        error = call.outcome.kind if isinstance(call.outcome, AnalysisError) else None
        counts += totals.of_call(
            call.latency_seconds, tokens=call.cost.tokens, cost_ticks=call.cost.ticks, error=error
        )
    return Counter({name: number for name, number in counts.items() if number})


def emit(batch: BatchReport, now: datetime) -> None:
    """Add the metrics of a batch, which the handler flushes at the end."""
    report = batch.report
    for name, number in _counts(batch).items():
        metrics.add_metric(name, MetricUnit.Count, number)
    for name, number in _faults_of_answers(report).items():
        if number:
            metrics.add_metric(name, MetricUnit.Count, number)
    for call in report.made()[:MAX_METRIC_VALUES]:
        metrics.add_metric("GrokLatency", MetricUnit.Seconds, call.latency_seconds)
    metrics.add_metric("CostUsd", MetricUnit.NoUnit, float(pricing.usd(report.spent_ticks())))
    if batch.budget_left_ticks is not None:
        left = float(pricing.usd(batch.budget_left_ticks))
        metrics.add_metric("BudgetLeftUsd", MetricUnit.NoUnit, left)
    if batch.oldest is not None:
        age_seconds = max(0.0, (now - batch.oldest).total_seconds())
        metrics.add_metric("OldestConversationAge", MetricUnit.Seconds, age_seconds)


def _faults_of_answers(report: Report) -> dict[str, int]:
    """Return the metrics that are emitted only if they are not zero."""
    return {
        "UnverifiedQuotes": report.unverified_quotes(),
        "InvalidFieldValues": report.invalid_values(),
    }


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
        **{f"GrokErrors{kind.capitalize()}": kinds[kind] for kind in ERROR_KINDS},
        "TokensUsed": sum(call.cost.tokens for call in report.calls),
        "BatchSize": batch.batch_size,
        "CircuitOpened": batch.circuit_changes.count("OPEN"),
        "CircuitProbed": batch.circuit_changes.count("HALF_OPEN"),
        "CircuitClosed": batch.circuit_changes.count("CLOSED"),
        "WorkerPaused": int(report.stopped_by is not None),
    }
