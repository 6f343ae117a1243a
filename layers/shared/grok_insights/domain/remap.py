"""Maps the topics and segments of an insight anew, as a profile says. Pure."""

from __future__ import annotations

from dataclasses import replace

from grok_insights.domain import topic_names
from grok_insights.domain.insight import Analysis, Insight
from grok_insights.domain.segments import ActiveProfile, WithMetadata


def remapped(
    insight: Insight, active: ActiveProfile, conversation: WithMetadata | None
) -> Insight | None:
    """Return the insight with its topics and segments mapped anew; None if nothing changes.

    Segments stay as they are if there is no ``conversation``, which has the metadata. A failed
    insight has no topics, and stays as it is.
    """
    if not isinstance(insight.outcome, Analysis):
        return None
    topics = topic_names.mapped(insight.outcome.topics, active.profile.topics)
    segments = insight.segments if conversation is None else active.segments(conversation)
    if (topics, segments) == (insight.outcome.topics, insight.segments):
        return None
    return replace(
        insight,
        outcome=replace(insight.outcome, topics=topics),
        segments=segments,
        origin=replace(insight.origin, mapping_version=active.profile.version),
    )
