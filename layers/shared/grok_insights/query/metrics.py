"""The data of ``/metrics``: the running totals, and current values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from grok_insights.domain import pricing
from grok_insights.errors import Unauthorized, UnreadableItem

if TYPE_CHECKING:
    from grok_insights.aws.api_key import ApiKey
    from grok_insights.aws.queue import AnalysisQueue
    from grok_insights.aws.state.alerts import AlertStore
    from grok_insights.aws.state.counters import StateCounters
    from grok_insights.aws.state.pauses import PauseStore
    from grok_insights.domain.job import Job


@dataclass(frozen=True, slots=True)
class ReadMetrics:
    """The use case."""

    counters: StateCounters
    pauses: PauseStore
    queue: AnalysisQueue
    dead_letters: AnalysisQueue
    undelivered: Mapping[str, AnalysisQueue]
    read_jobs: Callable[[], list[Job]]
    smallest_batch_size: int
    daily_budget_usd: float
    alerts: AlertStore
    api_key: ApiKey
    now: Callable[[], datetime]

    def text(self, given_key: str | None) -> tuple[str, str]:
        """Return the metrics in Prometheus' text format, and its media type.

        Raises
        ------
        Unauthorized
            The key is not the stack's.
        """
        if given_key is None or not self.api_key.matches(given_key):
            raise Unauthorized("a valid API key is needed, as x-api-key or as a bearer token")
        # Imported here: no other route needs it, and it would lengthen every cold start.
        from grok_insights.domain.job_summary import summary
        from grok_insights.query.prometheus import Measured, exposition

        now = self.now()
        worker_state = self.pauses.read(now)
        spent_ticks = worker_state.spent_ticks
        return exposition(
            Measured(
                totals=self.counters.totals(),
                queue_depth=self.queue.depth(),
                dead_letters=self.dead_letters.depth(),
                batch_size=worker_state.batch_size or self.smallest_batch_size,
                daily_budget_usd=self.daily_budget_usd,
                daily_spend_usd=None if spent_ticks is None else float(pricing.usd(spent_ticks)),
                alerts_breached=self._alerts_breached(),
                undelivered={name: queue.depth() for name, queue in self.undelivered.items()},
                jobs=summary(self.read_jobs(), now),
            )
        )

    def _alerts_breached(self) -> int | None:
        try:
            return len(self.alerts.book().breached())
        except UnreadableItem:
            return None
