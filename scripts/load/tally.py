"""Counts that are kept while the test runs.

They grow with the test's seconds, not with its size.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from scripts.load.histogram import Histogram
from scripts.load.service import Outcome


@dataclass(slots=True)
class Tally:
    """Counts of conversations, their times, and the number in each second of the test."""

    accepted: int = 0
    throttled: int = 0
    failed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    acceptance: Histogram = field(default_factory=Histogram)
    insight: Histogram = field(default_factory=Histogram)
    failed_insights: int = 0
    accepted_by_second: Counter[int] = field(default_factory=Counter)
    insights_by_second: Counter[int] = field(default_factory=Counter)
    first_seconds: float | None = None
    last_acceptance_seconds: float = 0.0
    last_insight_seconds: float = 0.0

    def sent(self, outcome: Outcome, began: float, ended: float) -> None:
        """Count a request; times are seconds from the start of the test."""
        self.first_seconds = began if self.first_seconds is None else min(began, self.first_seconds)
        self.accepted += len(outcome.accepted)
        self.throttled += outcome.throttled
        self.failed += outcome.failed
        if outcome.reason:
            self.reasons[outcome.reason] += outcome.throttled + outcome.failed
        if outcome.accepted:
            self.acceptance.add(ended - began)
            self.accepted_by_second[int(ended)] += len(outcome.accepted)
            self.last_acceptance_seconds = max(self.last_acceptance_seconds, ended)

    def imported(self, accepted: int, rejected: int, at: float) -> None:
        """Count the lines that an import has accepted and rejected since the last call."""
        self.first_seconds = 0.0
        self.accepted += accepted
        self.failed += rejected
        if rejected:
            self.reasons["rejected"] += rejected
        if accepted:
            self.accepted_by_second[int(at)] += accepted
            self.last_acceptance_seconds = at

    def arrived(self, seconds: float, at: float, *, failed: bool) -> None:
        """Count an insight with the seconds that it took and the time at which it came."""
        self.insight.add(seconds)
        self.insights_by_second[int(at)] += 1
        self.failed_insights += failed
        self.last_insight_seconds = max(self.last_insight_seconds, at)
