"""The comparison of two versions of an insight."""

from __future__ import annotations

from grok_insights.domain.version_changes import Change, changes

BEFORE = {
    "status": "completed",
    "sentiment": "negative",
    "topics": ["refund", "delivery"],
    "summary": "The parcel is late.",
    "fields": {"churn_risk": "low", "resolved": True},
    "segments": {"channel": "chat"},
    "tokens_used": 100,
    "meta": {"profile_version": 1},
}


def test_equal_versions_have_no_changes() -> None:
    assert changes(BEFORE, BEFORE) == []


def test_cost_and_origin_are_not_compared() -> None:
    assert changes(BEFORE, {**BEFORE, "tokens_used": 7, "meta": {"profile_version": 2}}) == []


def test_fields_and_segments_are_compared_one_by_one() -> None:
    after = {**BEFORE, "fields": {"churn_risk": "high", "effort": 3}, "segments": {}}
    assert changes(BEFORE, after) == [
        Change("field.churn_risk", "low", "high"),
        Change("field.effort", None, 3),
        Change("field.resolved", True, None),
        Change("segment.channel", "chat", None),
    ]


def test_the_order_of_topics_is_a_change() -> None:
    [change] = changes(BEFORE, {**BEFORE, "topics": ["delivery", "refund"]})
    assert change.name == "topics"


def test_a_failed_version_has_an_error_and_no_analysis() -> None:
    failed = {"status": "failed", "error": {"code": "refused", "message": "Grok refused"}}
    names = [change.name for change in changes(failed, BEFORE)]
    assert names[:3] == ["status", "sentiment", "topics"]
    assert "error" in names
