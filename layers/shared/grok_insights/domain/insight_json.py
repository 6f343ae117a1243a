"""Reads an insight from the JSON in which the API shows it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from grok_insights.domain import timestamps
from grok_insights.domain.insight import (
    Analysis,
    Cost,
    CostSource,
    Insight,
    Origin,
    Quote,
    Sentiment,
)

Json = Mapping[str, Any]


def completed_insight(document: Json, counted: Collection[str]) -> Insight:
    """Return a completed insight. ``counted`` are the names of its fields that are counted.

    Raises
    ------
    KeyError, TypeError, ValueError
        The document is damaged, or an insight would lose a part of it.
    """
    insight = Insight(
        conversation_id=document["conversation_id"],
        occurred_at=timestamps.from_text(document["occurred_at"]),
        created_at=timestamps.from_text(document["created_at"]),
        outcome=_analysis(document, counted),
        cost=_cost(document),
        origin=_origin(document["meta"]),
        processing_time_ms=document["processing_time_ms"],
        external_id=document.get("external_id"),
        segments=document.get("segments", {}),
    )
    if not _contains(insight.as_json(), document):
        raise ValueError("the document has more than an insight")
    return insight


def _analysis(document: Json, counted: Collection[str]) -> Analysis:
    fields: Json = document.get("fields", {})
    return Analysis(
        summary=document["summary"],
        sentiment=Sentiment(document["sentiment"]),
        topics=tuple(document["topics"]),
        fields={name: value for name, value in fields.items() if name in counted},
        text_fields={name: value for name, value in fields.items() if name not in counted},
        quotes=tuple(Quote(**quote) for quote in document.get("quotes", ())),
        unverified_quotes=document["meta"].get("unverified_quotes", 0),
    )


def _cost(document: Json) -> Cost:
    meta = document["meta"]
    return Cost(document["tokens_used"], meta["cost_in_usd_ticks"], CostSource(meta["cost_source"]))


def _origin(meta: Json) -> Origin:
    return Origin(
        model=meta["model"],
        mock=meta["mock"],
        latency_seconds=meta["latency"],
        attempts=meta["attempts"],
        prompt_version=meta["prompt_version"],
        profile_version=meta["profile_version"],
        mapping_version=meta.get("mapping_version"),
    )


def _contains(whole: Json, part: Json) -> bool:
    """Return whether an object has all members of another one, with the same values."""
    return all(
        _contains(whole.get(name, {}), value)
        if isinstance(value, Mapping)
        else name in whole and whole[name] == value
        for name, value in part.items()
    )
