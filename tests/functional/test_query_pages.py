"""Pages of the list while insights arrive, and with few matches, on tables of moto."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from moto import mock_aws

from grok_insights.domain.insight import Analysis, Sentiment
from tests.builders import NOW, insight
from tests.functional.conftest import Clock, make_parts
from tests.functional.query import LIST, Query, identity, numbered


@pytest.fixture
def empty(clock: Clock) -> Iterator[Query]:
    with mock_aws():
        yield Query(make_parts(clock, RATE_LIMIT_REQUESTS="1000000"))


def test_new_insights_neither_repeat_nor_push_out_what_is_on_the_next_pages(empty: Query) -> None:
    empty.save(numbered(number) for number in range(12))
    first = empty.get(LIST, limit="5").body
    empty.save(numbered(100 + n, occurred_at=NOW + timedelta(seconds=n)) for n in range(3))
    second = empty.get(LIST, limit="10", cursor=first["next_cursor"]).body
    seen = [item["id"] for item in [*first["items"], *second["items"]]]
    assert seen == [identity(number) for number in range(12)]


def test_insights_of_the_same_millisecond_are_each_shown_once(empty: Query) -> None:
    empty.save(numbered(number, occurred_at=NOW) for number in range(9))
    seen = [one for page in empty.pages(limit="2") for one in page]
    assert sorted(seen) == [identity(number) for number in range(9)]
    assert all(newer > older for newer, older in pairwise(seen))


def test_a_rare_match_gives_short_pages_and_a_bounded_number_of_items_is_read(
    empty: Query,
) -> None:
    outcome = Analysis("A summary.", Sentiment.NEGATIVE, ("refund",))
    rare = Analysis("A summary.", Sentiment.POSITIVE, ("refund",))
    empty.place(numbered(n, outcome=outcome) for n in range(900) if n % 7 != 6)
    empty.save(
        [insight(conversation_id=identity(1600), outcome=rare, occurred_at=NOW - timedelta(days=9))]
    )
    read: list[int] = []
    empty.parts.dynamodb.meta.events.register(
        "after-call.dynamodb.Query", lambda parsed, **_: read.append(parsed["ScannedCount"])
    )
    first = empty.get(LIST, topic="refund", sentiment="positive").body
    assert first["items"] == []
    assert first["next_cursor"] is not None
    assert sum(read) <= 600
    assert [one for page in empty.pages(topic="refund", sentiment="positive") for one in page] == [
        identity(1600)
    ]
