"""Health: whether conversations that come in are being analysed, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from grok_insights.aws.failures import AWS_FAILURES

if TYPE_CHECKING:
    from grok_insights.aws.queue import AnalysisQueue
    from grok_insights.aws.state import State
    from grok_insights.settings import GrokMode


class Health(NamedTuple):
    """Whether all is well, and what the health check shows."""

    healthy: bool
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """The use case."""

    state: State
    queue: AnalysisQueue
    dead_letters: AnalysisQueue
    mode: GrokMode
    smallest_batch_size: int

    def __call__(self) -> Health:
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
