"""A batch from the queue: read once, asked of Grok in waves, and saved wave by wave.

What there is no time for goes back to the queue before the batch ends, so that no conversation is
lost and none waits for a visibility timeout without need.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.aws.ledger import Entry
from grok_insights.domain import totals
from grok_insights.domain.insight import Insight, Origin
from grok_insights.errors import AnalysisError
from grok_insights.flow import adaptive_batch
from grok_insights.grok.prompt import Prompt
from grok_insights.telemetry import MetricUnit, logger, metrics

if TYPE_CHECKING:
    from grok_insights.aws.ledger import Ledger
    from grok_insights.aws.queue import AnalysisQueue, Message
    from grok_insights.aws.state import State
    from grok_insights.aws.worklist import Work, Worklist
    from grok_insights.flow.adaptive_batch import BatchSizeLimits
    from grok_insights.grok.analyzer import Analyzer, Answer

SAVING_SECONDS: Final = 2.0
"""Kept free at the end: time to save the last wave and to send the rest back."""


@dataclass(slots=True)
class Report:
    """What became of the conversations of a batch."""

    received: int
    saved: list[Insight] = field(default_factory=list)
    deferred: int = 0
    unsaved: set[str] = field(default_factory=set)
    """Ids of those whose message must be delivered again."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The use case. One instance serves many batches, one after another."""

    worklist: Worklist
    ledger: Ledger
    state: State
    queue: AnalysisQueue
    analyzer: Analyzer
    limits: BatchSizeLimits
    threads: ThreadPoolExecutor
    now: Callable[[], datetime]

    def batch(self, messages: Sequence[Message], remaining_seconds: Callable[[], float]) -> Report:
        """Analyse what the messages ask for, as far as the time allows."""
        report = Report(received=len(messages))
        pending = deque(self.worklist.read(messages))
        known = size = self.limits.clamp(self.state.batch_size())
        while pending and self._has_time_for_a_wave(remaining_seconds()):
            wave = [pending.popleft() for _ in range(min(size, len(pending)))]
            unsaved = self._wave(wave, report)
            size = self._next_size(size, len(wave), unsaved)
        self._send_back(list(pending), report)
        if size != known:
            self.state.learn_batch_size(size)
        self.state.add_totals(_totals(report))
        _emit(report, size)
        return report

    def _has_time_for_a_wave(self, remaining_seconds: float) -> bool:
        return remaining_seconds >= self.analyzer.longest_call_seconds + SAVING_SECONDS

    def _next_size(self, size: int, wave: int, unsaved: set[str]) -> int:
        if unsaved:
            return adaptive_batch.after_trouble(size, self.limits)
        return adaptive_batch.after_success(size, wave, self.limits)

    def _wave(self, wave: list[Work], report: Report) -> set[str]:
        """Ask and save one wave, and return the ids of those that have no insight by now."""
        entries = [entry for entry in self.threads.map(self._analysed, wave) if entry]
        unsaved = {work.conversation.id for work in wave}
        try:
            new = self.ledger.save(entries)
        except (*AWS_FAILURES, TimeoutError):
            logger.exception("a wave could not be saved: its messages will be delivered again")
        else:
            unsaved -= {entry.insight.conversation_id for entry in entries}
            insights = (entry.insight for entry in entries)
            report.saved += [one for one in insights if one.conversation_id in new]
        report.unsaved |= unsaved
        return unsaved

    def _analysed(self, work: Work) -> Entry | None:
        try:
            answer = self.analyzer.analyse(Prompt(work.conversation.id, work.conversation.text))
        except AnalysisError:
            logger.exception("a conversation could not be analysed", id=work.conversation.id)
            return None
        return Entry(
            _insight(work, answer, self.now()),
            replaces=work.failed,
            accepted_at=work.conversation.created_at,
        )

    def _send_back(self, rest: list[Work], report: Report) -> None:
        """Put what there was no time for into the queue as new messages, with the same attempt."""
        lost = self.queue.send([work.message for work in rest])
        report.deferred = len(rest) - len(lost)
        report.unsaved |= lost


def _insight(work: Work, answer: Answer, now: datetime) -> Insight:
    return Insight(
        conversation_id=work.conversation.id,
        external_id=work.conversation.external_id,
        created_at=now,
        outcome=answer.analysis,
        cost=answer.cost,
        origin=Origin(
            model=answer.model,
            mock=answer.mock,
            latency_seconds=answer.latency_seconds,
            attempts=work.message.attempt,
            prompt_version=answer.prompt_version,
        ),
        processing_time_ms=round(answer.latency_seconds * 1000),
    )


def _totals(report: Report) -> Counter[str]:
    calls = (
        totals.of_call(
            insight.origin.latency_seconds,
            tokens=insight.cost.tokens,
            cost_ticks=insight.cost.ticks,
        )
        for insight in report.saved
    )
    outcome = Counter(analysed=len(report.saved), deferred=report.deferred)
    return sum(calls, start=outcome)


def _emit(report: Report, size: int) -> None:
    counted = {
        "ConversationsReceived": report.received,
        "ConversationsAnalysed": len(report.saved),
        "ConversationsDeferred": report.deferred,
        "ConversationsUnsaved": len(report.unsaved),
        "BatchSize": size,
        "TokensUsed": sum(insight.cost.tokens for insight in report.saved),
    }
    for name, number in counted.items():
        metrics.add_metric(name, MetricUnit.Count, number)
    for insight in report.saved:
        metrics.add_metric("GrokLatency", MetricUnit.Seconds, insight.origin.latency_seconds)
