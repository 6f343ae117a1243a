"""DELETE of a conversation: text, insight and counts are deleted together, and do not come back."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from functions.ingest.app import create_app
from grok_insights.aws.erasure import Erasure
from grok_insights.aws.insights.item import counted_of, position_of
from grok_insights.aws.ledger import Entry, Ledger, SaveResult
from grok_insights.aws.queue import Message
from grok_insights.aws.worklist import Worklist
from grok_insights.domain.conversation import Conversation
from grok_insights.domain.selection import Selection
from grok_insights.domain.trends import Interval
from grok_insights.wiring import Parts
from tests.builders import AN_ID, LIFETIME, NOW, LambdaContext, api_event, failed_insight, insight
from tests.functional.conftest import Clock
from tests.functional.storage import topics_of_today

PATH = f"/api/v1/conversations/{AN_ID}"


@pytest.fixture
def ledger(parts: Parts) -> Ledger:
    return parts.ledger


def store(parts: Parts, **changes: Any) -> Conversation:
    at = {"created_at": parts.now(), "occurred_at": parts.now()}
    one = Conversation(**{"id": AN_ID, "text": "My parcel", **at, **changes})
    return parts.conversations.add([one]).stored[one.id]


def delete(parts: Parts, path: str = PATH) -> int:
    status: int = create_app(parts)(api_event("DELETE", path), LambdaContext())["statusCode"]
    return status


def totals(parts: Parts) -> Counter[str]:
    series = parts.trends.series(NOW - timedelta(days=2), NOW + timedelta(days=1), Interval.DAY)
    return Counter({name: n for name, n in sum(series.values(), Counter[str]()).items() if n})


def test_a_deleted_conversation_leaves_neither_text_nor_insight_nor_counts(
    parts: Parts, ledger: Ledger
) -> None:
    one = store(parts)
    other = insight(conversation_id=str(UUID(int=7)))
    ledger.save([Entry(insight(), one.lifetime), Entry(other, LIFETIME)])
    assert delete(parts) == 204
    assert parts.conversations.get(AN_ID) is None
    assert parts.insights.stored(AN_ID) is None
    assert parts.insights.statuses([one]) == {}
    assert totals(parts)["negative"] == 1
    assert totals(parts)["tokens"] == other.cost.tokens
    assert topics_of_today(parts) == {"delivery": 1, "refund": 1}
    listed = parts.timeline.page(Selection(), before=None, limit=9).placed
    assert [placed.position for placed in listed] == [position_of(NOW, other.conversation_id)]


def test_a_failed_insight_goes_too(parts: Parts, ledger: Ledger) -> None:
    one = store(parts)
    ledger.save([Entry(failed_insight(), one.lifetime)])
    assert delete(parts) == 204
    assert totals(parts) == Counter()


def test_a_missing_conversation_is_not_found_and_so_is_one_deleted_before(parts: Parts) -> None:
    assert delete(parts) == 404
    store(parts)
    assert delete(parts) == 204
    assert delete(parts) == 404


def test_an_id_that_is_no_id_is_refused(parts: Parts) -> None:
    assert delete(parts, "/api/v1/conversations/not-an-id") == 422


def test_an_analysis_under_way_does_not_bring_it_back(parts: Parts, ledger: Ledger) -> None:
    one = store(parts)
    under_way = Entry(insight(), one.lifetime)
    assert delete(parts) == 204
    assert not ledger.save([under_way]).saved
    assert parts.insights.stored(AN_ID) is None
    assert totals(parts) == Counter()


def test_a_redrive_under_way_does_not_bring_it_back(parts: Parts, ledger: Ledger) -> None:
    one = store(parts)
    ledger.save([Entry(failed_insight(), one.lifetime)])
    counted = counted_of(parts.insights.head(AN_ID))
    assert delete(parts) == 204
    late = Entry(insight(), one.lifetime, counted)
    assert ledger.save([late]).superseded == {AN_ID}
    assert totals(parts) == Counter()


def test_the_same_conversation_may_come_again_and_is_analysed_and_deleted_anew(
    parts: Parts, ledger: Ledger, clock: Clock
) -> None:
    first = store(parts)
    ledger.save([Entry(insight(), first.lifetime)])
    delete(parts)
    clock.move(seconds=1)
    second = store(parts, created_at=clock())
    worklist = Worklist(parts.batch_get, parts.conversations, parts.insights, clock)
    [work] = worklist.read([Message(AN_ID, 1, clock())]).works
    assert work.replaces is None
    assert not ledger.save([Entry(insight(), first.lifetime)]).saved
    assert ledger.save([Entry(insight(), second.lifetime)]).saved.keys() == {AN_ID}
    assert totals(parts)["negative"] == 1
    assert delete(parts) == 204
    assert totals(parts) == Counter()


def test_an_insight_that_is_saved_in_the_middle_is_deleted_as_well(
    parts: Parts, ledger: Ledger
) -> None:
    one = store(parts)
    entry = Entry(insight(), one.lifetime)
    saved: list[SaveResult] = []

    def save_before(model: Any, **_: Any) -> None:
        if model.name == "TransactWriteItems" and not saved:
            saved.append(SaveResult())
            saved.append(ledger_of_its_own.save([entry]))

    ledger_of_its_own = ledger
    parts.dynamodb.meta.events.register_first("before-parameter-build", save_before)
    erasure = Erasure(
        parts.dynamodb,
        parts.conversations,
        parts.insights,
        parts.versions,
        parts.trends,
        parts.now,
        lambda _: None,
    )
    assert erasure.erase(AN_ID)
    assert saved[1].saved.keys() == {AN_ID}
    assert parts.insights.stored(AN_ID) is None
    assert totals(parts) == Counter()


def test_the_mark_has_no_contents_and_expires_after_a_day(parts: Parts, ledger: Ledger) -> None:
    one = store(parts)
    ledger.save([Entry(insight(), one.lifetime)])
    delete(parts)
    key = {"conversation_id": {"S": AN_ID}}
    mark = parts.dynamodb.get_item(TableName=parts.settings.insights_table, Key=key)["Item"]
    assert mark == {
        **key,
        "status": {"S": "erased"},
        "erased": {"N": str(one.lifetime.generation)},
        "ttl": {"N": str(int(NOW.timestamp()) + 86_400)},
    }
