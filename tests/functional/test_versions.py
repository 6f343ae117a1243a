"""Versions of insights: what a job replaces is kept, bounded, shown, compared and erased."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from grok_insights.aws.dynamodb.transactions import MAX_ACTIONS
from grok_insights.aws.insights.item import counted_of
from grok_insights.aws.insights.versions import MAX_VERSIONS
from grok_insights.aws.ledger import Entry, Rework
from grok_insights.aws.state.job_outcomes import JobFailure
from grok_insights.domain.events import Reason
from grok_insights.domain.insight import Analysis, Insight, Sentiment
from grok_insights.domain.trends import Interval
from grok_insights.wiring import Parts
from tests.builders import AN_ID, LIFETIME, NOW, insight
from tests.functional.conftest import Clock
from tests.functional.query import Query, identity
from tests.functional.test_erasure import delete, store

PATH = f"/api/v1/insights/{AN_ID}/versions"


def told(number: int, sentiment: Sentiment = Sentiment.NEUTRAL, **overrides: Any) -> Insight:
    return insight(outcome=Analysis(f"summary {number}", sentiment, ("refund",)), **overrides)


def rework(parts: Parts, new: Insight) -> Entry:
    """Return the entry with which a job replaces the stored insight: another one each time."""
    head = parts.insights.head(new.conversation_id)
    current = parts.insights.current(new.conversation_id)
    assert current is not None
    lifetime = LIFETIME._replace(generation=current.generation)
    job = Rework(f"job-{current.revision}", Reason.REANALYSIS, current.document)
    return Entry(new, lifetime, counted_of(head), job)


def replaced(parts: Parts, new: Insight) -> None:
    saved = parts.ledger.save([rework(parts, new)])
    assert saved.saved.keys() == {new.conversation_id}


def totals(parts: Parts) -> Counter[str]:
    series = parts.trends.series(NOW - timedelta(days=1), NOW + timedelta(days=1), Interval.DAY)
    summed = sum(series.values(), Counter[str]())
    return Counter({kind: summed[kind] for kind in ("positive", "negative", "neutral")})


@pytest.fixture
def query(parts: Parts) -> Query:
    return Query(parts)


def test_a_replaced_insight_is_kept_and_counts_no_more(parts: Parts, query: Query) -> None:
    query.save([told(1, Sentiment.NEGATIVE)])
    replaced(parts, told(2, Sentiment.POSITIVE))
    shown = query.get(PATH).body
    assert [(one["revision"], one["current"]) for one in shown["items"]] == [(2, True), (1, False)]
    assert [one["insight"]["summary"] for one in shown["items"]] == ["summary 2", "summary 1"]
    assert shown["diff"] == {
        "from": 1,
        "to": 2,
        "changes": [
            {"name": "sentiment", "before": "negative", "after": "positive"},
            {"name": "summary", "before": "summary 1", "after": "summary 2"},
        ],
    }
    assert totals(parts) == Counter(positive=1)


def test_five_versions_are_kept_besides_the_present_one(parts: Parts, query: Query) -> None:
    query.save([told(1)])
    for number in range(2, 9):
        replaced(parts, told(number))
    revisions = [one["revision"] for one in query.get(PATH).body["items"]]
    assert revisions == [8, 7, 6, 5, 4, 3]
    stored = parts.dynamodb.scan(TableName=parts.settings.versions_table)["Items"]
    assert len(stored) == MAX_VERSIONS


def test_any_two_versions_are_compared(parts: Parts, query: Query) -> None:
    query.save([told(1)])
    for number in (2, 3):
        replaced(parts, told(number))
    diff = query.get(PATH, **{"from": "1", "to": "2"}).body["diff"]
    assert (diff["from"], diff["to"]) == (1, 2)
    assert diff["changes"] == [{"name": "summary", "before": "summary 1", "after": "summary 2"}]
    assert query.get(PATH, **{"from": "1"}).body["diff"]["to"] == 3
    assert query.get(PATH, to="7").status == 404
    assert query.get(PATH, to="0").status == 422


def test_an_insight_that_was_never_replaced_has_nothing_to_compare(query: Query) -> None:
    query.save([told(1)])
    shown = query.get(PATH).body
    assert [one["revision"] for one in shown["items"]] == [1]
    assert shown["diff"] is None


def test_versions_of_an_unknown_conversation_are_404_and_of_a_waiting_one_empty(
    parts: Parts, query: Query
) -> None:
    assert query.get(PATH).status == 404
    store(parts)
    assert query.get(PATH).body == {"items": [], "diff": None}


def test_an_erased_conversation_leaves_no_version(parts: Parts, query: Query) -> None:
    one = store(parts)
    parts.ledger.save([Entry(told(1), one.lifetime)])
    replaced(parts, told(2))
    replaced(parts, told(3))
    assert delete(parts) == 204
    assert parts.dynamodb.scan(TableName=parts.settings.versions_table)["Items"] == []
    assert totals(parts) == Counter()


def test_a_job_does_not_replace_what_has_changed_since_it_was_read(
    parts: Parts, query: Query
) -> None:
    query.save([told(1)])
    late = rework(parts, told(3, Sentiment.NEGATIVE))
    replaced(parts, told(2))
    result = parts.ledger.save([late])
    assert (result.saved, result.superseded) == ({}, {AN_ID})
    assert [one["revision"] for one in query.get(PATH).body["items"]] == [2, 1]
    assert totals(parts) == Counter(neutral=1)


def test_a_job_replaces_nothing_for_which_it_has_an_outcome(parts: Parts, query: Query) -> None:
    query.save([told(1)])
    entry = rework(parts, told(2))
    assert entry.rework
    failure = JobFailure(entry.rework.job_id, AN_ID, "too_long")
    assert parts.job_outcomes.record([failure]) == set()
    assert parts.ledger.save([entry]).superseded == {AN_ID}
    assert parts.job_outcomes.counts(failure.job_id) == failure.counts()
    assert [one["revision"] for one in query.get(PATH).body["items"]] == [1]
    assert totals(parts) == Counter(neutral=1)


def test_a_job_does_not_restore_an_erased_insight(parts: Parts) -> None:
    one = store(parts)
    parts.ledger.save([Entry(told(1), one.lifetime)])
    late = rework(parts, told(2))
    assert delete(parts) == 204
    assert parts.ledger.save([late]).superseded == {AN_ID}
    assert parts.insights.stored(AN_ID) is None
    assert parts.dynamodb.scan(TableName=parts.settings.versions_table)["Items"] == []


def test_versions_expire_with_the_conversation(parts: Parts, clock: Clock, query: Query) -> None:
    query.save([told(1)])
    replaced(parts, told(2))
    [version] = parts.dynamodb.scan(TableName=parts.settings.versions_table)["Items"]
    assert version["ttl"]["N"] == str(int(LIFETIME.expires_at.timestamp()))
    clock.at = LIFETIME.expires_at + timedelta(seconds=1)
    assert parts.versions.of(AN_ID, LIFETIME.generation) == []


def test_versions_of_an_earlier_conversation_with_the_same_id_are_not_shown(
    parts: Parts, query: Query
) -> None:
    query.save([told(1)])
    replaced(parts, told(2))
    later = LIFETIME._replace(generation=LIFETIME.generation + 1)
    before = counted_of(parts.insights.head(AN_ID))
    parts.ledger.save([Entry(told(3), later, before)])
    assert [one["revision"] for one in query.get(PATH).body["items"]] == [3]


def test_many_replacements_fit_into_transactions(parts: Parts, query: Query) -> None:
    old = [told(1, conversation_id=identity(n)) for n in range(50)]
    query.save(old)
    sizes: list[int] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        sizes.append(len(params["TransactItems"]))

    parts.dynamodb.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", note)
    new = [replace(one, outcome=told(2).outcome) for one in old]
    result = parts.ledger.save([rework(parts, one) for one in new])
    assert len(result.saved) == 50
    assert max(sizes) <= MAX_ACTIONS
    assert len(parts.dynamodb.scan(TableName=parts.settings.versions_table)["Items"]) == 50
