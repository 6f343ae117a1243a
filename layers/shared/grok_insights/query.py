"""Everything that is read: insights, conversations, trends and health. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.domain import pricing, timestamps
from grok_insights.domain.trends import KINDS, Interval
from grok_insights.errors import Fault, InvalidRequest, NotFound

if TYPE_CHECKING:
    from grok_insights.aws.conversations import Conversations
    from grok_insights.aws.insights import Insights
    from grok_insights.aws.queue import AnalysisQueue
    from grok_insights.aws.state import State
    from grok_insights.aws.trends import Trends
    from grok_insights.cursor import Cursors
    from grok_insights.settings import GrokMode

DEFAULT_SPAN: Final = {Interval.HOUR: timedelta(hours=24), Interval.DAY: timedelta(days=30)}
LONGEST_SPAN: Final = timedelta(days=366)


class Page(NamedTuple):
    """A page of insights as JSON documents, and the cursor of the next one."""

    documents: list[str]
    next_cursor: str | None


class Health(NamedTuple):
    """Whether all is well, and what the health check shows."""

    healthy: bool
    body: dict[str, Any]


class Found(NamedTuple):
    """An insight as JSON, or None while the conversation waits for it."""

    document: str | None


@dataclass(frozen=True, slots=True)
class Query:
    """The use case."""

    conversations: Conversations
    insights: Insights
    trends: Trends
    state: State
    queue: AnalysisQueue
    dead_letters: AnalysisQueue
    cursors: Cursors
    mode: GrokMode
    smallest_batch_size: int
    now: Callable[[], datetime]

    def insight(self, conversation_id: str) -> Found:
        """The insight of a conversation.

        Raises
        ------
        NotFound
            There is no such conversation.
        """
        document = self.insights.document(conversation_id)
        if document is None and not self.conversations.exists(conversation_id):
            raise NotFound("there is no conversation with this id")
        return Found(document)

    def conversation(self, conversation_id: str) -> dict[str, Any]:
        """The stored conversation and its status.

        Raises
        ------
        NotFound
            There is no such conversation.
        """
        found = self.conversations.get(conversation_id)
        if found is None:
            raise NotFound("there is no conversation with this id")
        statuses = self.insights.statuses([conversation_id])
        return {
            "id": found.id,
            "external_id": found.external_id,
            "text": found.text,
            "metadata": found.metadata,
            "created_at": timestamps.to_text(found.created_at),
            "status": statuses.get(conversation_id, "enqueued"),
        }

    def newest(self, limit: int, cursor: str | None) -> Page:
        """A page of insights, newest first.

        Raises
        ------
        BadRequest
            The cursor is not one that this query gave out.
        """
        before = None if cursor is None else self.cursors.open(cursor, query="newest")
        found = self.insights.newest(before=before, limit=limit + 1)
        page, more = found[:limit], len(found) > limit
        return Page(
            [placed.document for placed in page],
            self.cursors.seal(page[-1].position, query="newest") if more else None,
        )

    def trend(
        self, start: datetime | None, end: datetime | None, interval: Interval, top: int
    ) -> dict[str, Any]:
        """The counters of a range, widened to whole points of the series.

        Raises
        ------
        InvalidRequest
            The range ends before it begins, or is longer than a year.
        """
        end = interval.ceiling(end or self.now())
        start = interval.floor(start or end - DEFAULT_SPAN[interval])
        _check_span(start, end)
        series = self.trends.series(start, end, interval)
        topics = self.trends.topics(start, end).most_common()
        return {
            "from": timestamps.to_text(start),
            "to": timestamps.to_text(end),
            "interval": interval,
            "totals": _shown(sum(series.values(), start=Counter())),
            "series": [
                {"start": timestamps.to_text(point), **_shown(fields)}
                for point, fields in series.items()
            ],
            "top_topics": [
                {"topic": topic, "count": count}
                for topic, count in sorted(topics, key=lambda pair: (-pair[1], pair[0]))[:top]
            ],
        }

    def health(self) -> Health:
        """Whether conversations that come in are being analysed."""
        try:
            size = self.state.batch_size()
        except AWS_FAILURES:
            return Health(healthy=False, body={"status": "unhealthy", "database": "unreachable"})
        return Health(
            healthy=True,
            body={
                "status": "healthy",
                "worker": {"state": "running"},
                "queue": {"depth": self.queue.depth()},
                "dead_letters": self.dead_letters.depth(),
                "database": "reachable",
                "batch_size": size or self.smallest_batch_size,
                "mode": self.mode,
            },
        )


def _check_span(start: datetime, end: datetime) -> None:
    if start >= end:
        fault = Fault("query.from", "must be before to")
        raise InvalidRequest("the range is empty", faults=(fault,))
    if end - start > LONGEST_SPAN:
        days = LONGEST_SPAN.days
        fault = Fault("query.from", f"must be at most {days} days before to")
        raise InvalidRequest("the range is too long", faults=(fault,))


def _shown(fields: Counter[str]) -> dict[str, Any]:
    """The counters as the API shows them."""
    count = sum(fields[kind] for kind in KINDS)
    return {
        "count": count,
        **{kind: fields[kind] for kind in KINDS},
        "tokens_used": fields["tokens"],
        "estimated_cost": pricing.dollars(fields["cost_ticks"]),
        "mean_processing_time_ms": round(fields["processing_ms"] / count) if count else None,
    }
