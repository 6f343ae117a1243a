"""Makes insights of the results of calls. It saves none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from grok_insights.domain.insight import Cost, Failure, Insight, Origin

if TYPE_CHECKING:
    from grok_insights.analysis.calls import Call
    from grok_insights.domain.insight import Analysis
    from grok_insights.errors import AnalysisError
    from grok_insights.grok.analyzer import Analyzer, Answer


@dataclass(frozen=True, slots=True)
class NewInsights:
    """Makes insights. ``analyzer`` is the one that was called."""

    analyzer: Analyzer
    now: Callable[[], datetime]

    def completed(self, call: Call, answer: Answer) -> Insight:
        """Return the insight of an answer."""
        origin = self._origin(
            call,
            model=answer.model,
            mock=answer.mock,
            latency_seconds=answer.latency_seconds,
            prompt_version=answer.prompt_version,
        )
        return self._insight(call, answer.analysis, answer.cost, origin)

    def failed(self, call: Call, error: AnalysisError, *, gave_up: bool) -> Insight:
        """Return the failed insight. Its cost is 0, since it contains no answer that was billed."""
        attempt = call.work.message.attempt
        reason = f"{error.message}; {attempt} attempts" if gave_up else error.message
        origin = self._origin(
            call,
            model=self.analyzer.model,
            mock=self.analyzer.is_mock,
            latency_seconds=call.latency_seconds,
            prompt_version=self.analyzer.prompt_version(call.active.profile),
        )
        return self._insight(call, Failure(error.code, reason, gave_up), Cost(), origin)

    def _origin(
        self, call: Call, *, model: str, mock: bool, latency_seconds: float, prompt_version: str
    ) -> Origin:
        message = call.work.message
        return Origin(
            model=model,
            mock=mock,
            latency_seconds=latency_seconds,
            attempts=message.attempt,
            prompt_version=prompt_version,
            redrives=message.redrives,
            profile_version=call.active.profile.version,
        )

    def _insight(
        self, call: Call, outcome: Analysis | Failure, cost: Cost, origin: Origin
    ) -> Insight:
        conversation = call.work.conversation
        return Insight(
            conversation_id=conversation.id,
            external_id=conversation.external_id,
            occurred_at=conversation.occurred_at,
            created_at=self.now(),
            outcome=outcome,
            cost=cost,
            origin=origin,
            processing_time_ms=round(origin.latency_seconds * 1000),
            segments=call.active.segments(conversation),
        )
