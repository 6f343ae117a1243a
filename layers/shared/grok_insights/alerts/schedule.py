"""What the schedule runs each minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grok_insights.alerts.stuck_jobs import WatchJobs
    from grok_insights.alerts.watch import WatchTrends


@dataclass(frozen=True, slots=True)
class Watches:
    """The use cases of the alerts function."""

    trends: WatchTrends
    jobs: WatchJobs

    def run(self) -> None:
        """Run both. An error of one does not prevent the other, and is raised."""
        try:
            self.trends.run()
        finally:
            self.jobs.run()
