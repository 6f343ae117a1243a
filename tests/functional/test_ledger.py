"""Insights and counters are saved together, exactly once, whatever happens in between."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.model import OperationModel

from grok_insights.aws.dynamodb.transactions import Transactions
from grok_insights.aws.insights.item import counted_of
from grok_insights.aws.ledger import MAX_WRITES, Entry, Ledger
from grok_insights.domain.insight import Analysis, Insight, Sentiment
from grok_insights.domain.trends import Interval
from grok_insights.wiring import Parts
from tests.builders import AN_ID, LIFETIME, NOW, failed_insight, insight
from tests.functional.storage import topics_of_today

CONFLICT: dict[str, Any] = {
    "Error": {"Code": "TransactionCanceledException", "Message": "[TransactionConflict]"},
    "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}],
}


@pytest.fixture
def ledger(parts: Parts) -> Ledger:
    return parts.ledger


def many(count: int) -> list[Insight]:
    """Return insights, each with its own id and topic."""
    return [
        insight(
            conversation_id=str(UUID(int=number)),
            outcome=Analysis("Late.", Sentiment.NEGATIVE, ("delivery", f"topic_{number}")),
        )
        for number in range(count)
    ]


def totals(parts: Parts) -> Counter[str]:
    series = parts.trends.series(NOW - timedelta(days=2), NOW + timedelta(days=1), Interval.DAY)
    return +sum(series.values(), start=Counter[str]())


def test_saving_twice_counts_once(ledger: Ledger, parts: Parts) -> None:
    assert ledger.save([Entry(insight(), LIFETIME)]).saved.keys() == {AN_ID}
    assert ledger.save([Entry(insight(), LIFETIME)]).superseded == {AN_ID}
    assert totals(parts)["negative"] == 1


def test_a_duplicate_in_a_wave_is_taken_out_and_the_rest_is_saved(
    ledger: Ledger, parts: Parts
) -> None:
    wave = many(5)
    ledger.save([Entry(wave[2], LIFETIME)])
    result = ledger.save([Entry(one, LIFETIME) for one in wave])
    assert result.superseded == {wave[2].conversation_id}
    assert result.saved.keys() == {one.conversation_id for one in wave} - {wave[2].conversation_id}
    assert totals(parts)["negative"] == 5


def test_fifty_insights_with_a_hundred_topics_fit_into_transactions(
    ledger: Ledger, parts: Parts
) -> None:
    wave = many(50)
    assert len(ledger.save([Entry(one, LIFETIME) for one in wave]).saved) == 50
    topics = topics_of_today(parts)
    assert topics["delivery"] == 50
    assert len(topics) == 51


def test_replacing_a_failed_insight_takes_it_out_of_the_counters(
    ledger: Ledger, parts: Parts
) -> None:
    failed = failed_insight(occurred_at=NOW - timedelta(days=1))
    ledger.save([Entry(failed, LIFETIME)])
    stored = counted_of(parts.insights.head(AN_ID))
    assert ledger.save([Entry(insight(), LIFETIME, stored)]).saved.keys() == {AN_ID}
    assert totals(parts) == Counter(
        negative=1,
        tokens=120,
        cost_ticks=1_700_000,
        processing_ms=250,
        expires_at=int(LIFETIME.expires_at.timestamp()),
    )


def test_a_completed_insight_is_never_replaced(ledger: Ledger, parts: Parts) -> None:
    ledger.save([Entry(failed_insight(), LIFETIME)])
    failed = counted_of(parts.insights.head(AN_ID))
    ledger.save([Entry(insight(), LIFETIME, failed)])
    assert ledger.save([Entry(insight(), LIFETIME, failed)]).superseded == {AN_ID}
    assert totals(parts)["negative"] == 1


def test_nothing_is_saved_where_the_counters_cannot_be(ledger: Ledger, parts: Parts) -> None:
    parts.dynamodb.delete_table(TableName=parts.settings.trends_table)
    entry = Entry(insight(), LIFETIME)
    assert ledger.save([entry]).unsaved == [entry]
    assert parts.insights.stored(AN_ID) is None


def test_a_conflict_with_another_transaction_is_tried_again(parts: Parts) -> None:
    errors = iter([CONFLICT, CONFLICT])
    waits: list[float] = []

    def collide(model: OperationModel, **_: Any) -> Any:
        found = next(errors, None) if model.name == "TransactWriteItems" else None
        return found and (AWSResponse("https://localhost", 400, HTTPHeaders(), None), found)

    parts.dynamodb.meta.events.register_last("before-call", collide)
    transactions = Transactions(parts.dynamodb, sleep=waits.append)
    ledger = Ledger(transactions, parts.insights, parts.trends, parts.versions, parts.job_outcomes)
    assert ledger.save([Entry(insight(), LIFETIME)]).saved.keys() == {AN_ID}
    assert len(waits) == 2
    assert totals(parts)["negative"] == 1


def test_an_insight_whose_place_changes_before_each_write_is_unsaved_and_can_be_saved_again(
    ledger: Ledger, parts: Parts
) -> None:
    earlier = LIFETIME._replace(generation=LIFETIME.generation - 1)
    table, key = parts.settings.insights_table, {"conversation_id": {"S": AN_ID}}
    writes = count()

    def change(**_: Any) -> None:
        """Let an insight of an earlier conversation be stored, or expire."""
        if next(writes) % 2:
            parts.dynamodb.delete_item(TableName=table, Key=key)
        else:
            item = Entry(failed_insight(), earlier).item(parts.insights.shards)
            parts.dynamodb.put_item(TableName=table, Item=item)

    events, name = parts.dynamodb.meta.events, "before-call.dynamodb.TransactWriteItems"
    events.register(name, change)
    result = ledger.save([Entry(insight(), LIFETIME)])
    events.unregister(name, change)
    assert next(writes) == MAX_WRITES
    assert (result.saved, result.refused) == ({}, {})
    assert ledger.save(result.unsaved).saved.keys() == {AN_ID}
    assert totals(parts)["negative"] == 1
