"""What a replacement adds to the counts of its job."""

from __future__ import annotations

from collections import Counter

from grok_insights.domain.rework import counts

BEFORE = {"status": "completed", "sentiment": "negative", "topics": ["refund"], "summary": "Late."}


def test_an_equal_analysis_is_done_and_changes_nothing() -> None:
    assert counts(BEFORE, {**BEFORE, "summary": "It is late."}) == Counter(done=1)


def test_each_changed_value_is_counted_and_a_changed_sentiment_as_a_flip() -> None:
    after = {**BEFORE, "sentiment": "neutral", "topics": ["money"], "fields": {"resolved": True}}
    assert counts(BEFORE, after) == Counter(
        {
            "done": 1,
            "changed": 1,
            "changed.sentiment": 1,
            "changed.topics": 1,
            "changed.field.resolved": 1,
            "flip.negative.neutral": 1,
        }
    )


def test_a_failed_insight_that_is_completed_has_no_flip() -> None:
    found = counts({"status": "failed", "error": {"code": "refused"}}, BEFORE)
    assert found["changed.status"] == 1
    assert not [name for name in found if name.startswith("flip.")]
