"""The use cases that read what is stored, counted and measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grok_insights.query.alerts import ReadAlerts
    from grok_insights.query.health import HealthCheck
    from grok_insights.query.insights import ReadInsights
    from grok_insights.query.metrics import ReadMetrics
    from grok_insights.query.movers import ReadMovers
    from grok_insights.query.overview import ReadOverview
    from grok_insights.query.profiles import ReadProfiles
    from grok_insights.query.trends import ReadTrends
    from grok_insights.query.versions import ReadVersions


@dataclass(frozen=True, slots=True)
class Query:
    """The use cases of the query function."""

    insights: ReadInsights
    trends: ReadTrends
    movers: ReadMovers
    health: HealthCheck
    metrics: ReadMetrics
    profiles: ReadProfiles
    alerts: ReadAlerts
    versions: ReadVersions
    overview: ReadOverview
    upload_origin: str
    """Where the dashboard sends the parts of files to; empty for its own origin."""
