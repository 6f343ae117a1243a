"""Makes insights of the results of calls. It saves none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from grok_insights.domain.insight import Cost, Failure, Insight, Origin

if TYPE_CHECKING:
    from grok_insights.analysis.calls import Call
    from grok_insights.errors import AnalysisError
    from grok_insights.grok.analyzer import Analyzer, Answer


@dataclass(frozen=True, slots=True)
class NewInsights:
    """Makes insights. ``analyzer`` is the one that was called."""

    analyzer: Analyzer
    now: Callable[[], datetime]

    def completed(self, call: Call, answer: Answer) -> Insight:
        """Return the insight of an answer."""
        conversation, message = call.work.conversation, call.work.message
        return Insight(
            conversation_id=conversation.id,
            external_id=conversation.external_id,
            occurred_at=conversation.occurred_at,
            created_at=self.now(),
            outcome=answer.analysis,
            cost=answer.cost,
            origin=Origin(
                model=answer.model,
                mock=answer.mock,
                latency_seconds=answer.latency_seconds,
                attempts=message.attempt,
                prompt_version=answer.prompt_version,
                redrives=message.redrives,
                profile_version=call.active.profile.version,
            ),
            processing_time_ms=round(answer.latency_seconds * 1000),
            segments=call.active.segments(conversation),
        )

    def failed(self, call: Call, error: AnalysisError, *, gave_up: bool) -> Insight:
        """Return the failed insight. Its cost is 0, since it contains no answer that was billed."""
        message = call.work.message
        reason = f"{error.message}; {message.attempt} attempts" if gave_up else error.message
        return Insight(
            conversation_id=message.conversation_id,
            external_id=call.work.conversation.external_id,
            occurred_at=call.work.conversation.occurred_at,
            created_at=self.now(),
            outcome=Failure(error.code, reason, gave_up),
            cost=Cost(),
            origin=Origin(
                model=self.analyzer.model,
                mock=self.analyzer.is_mock,
                latency_seconds=call.latency_seconds,
                attempts=message.attempt,
                prompt_version=self.analyzer.prompt_version(call.active.profile),
                redrives=message.redrives,
                profile_version=call.active.profile.version,
            ),
            processing_time_ms=round(call.latency_seconds * 1000),
            segments=call.active.segments(call.work.conversation),
        )
