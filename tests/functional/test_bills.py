"""What an insight and a page cost in DynamoDB's units, by AWS' rules, from the sizes of items.

The insight is a rich one: 3 KB, with five topics, five fields, two quotes and a segment. A
transaction takes two write units for each started KB of an item, and an index entry takes one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from threading import get_ident
from typing import Any
from uuid import UUID

import pytest
from moto import mock_aws

from benchmarks.read_units import Meter, index_entries
from grok_insights.aws.dynamodb.sizes import item_bytes
from grok_insights.aws.insights.item import insight_to_item
from grok_insights.aws.ledger import Entry
from grok_insights.domain.insight import Analysis, Insight, Quote, Sentiment
from grok_insights.wiring import Parts
from tests import cost_page
from tests.builders import LIFETIME, NOW, insight
from tests.functional.conftest import Clock, make_parts
from tests.functional.query import LIST, Query

TOPICS = tuple(f"delivery_delay_{number}" for number in range(60))
FREQUENCIES = [1 / (place + 1) for place in range(len(TOPICS))]
"""Zipf's law, as for words: most topics of a support desk are rare."""

FIELDS: dict[str, tuple[str | bool | int, ...]] = {
    "resolved": (True, False),
    "churn_risk": ("low", "medium", "high"),
    "effort": (1, 2, 3, 4, 5),
    "was_escalated": (True, False),
    "product_area": ("billing", "shipping", "app", "store"),
}
QUOTES = (Quote("My parcel is three weeks late", 0, 29), Quote("I want a refund now", 40, 59))
SUMMARY = "The parcel is three weeks late. The customer wants a refund, which was not granted. "
USD_PER_UNIT = 0.625
"""Dollars for a million write units, as `docs/cost.md` has it."""


def rich(chance: Random, occurred_at: datetime = NOW) -> Insight:
    """Return an insight of 3 KB whose topics and fields are drawn at random."""
    topics: list[str] = []
    while len(topics) < 5:
        [topic] = chance.choices(TOPICS, FREQUENCIES)
        topics += [topic] if topic not in topics else []
    analysis = Analysis(
        summary=SUMMARY * 15,
        sentiment=chance.choice(list(Sentiment)),
        topics=tuple(topics),
        fields={name: chance.choice(values) for name, values in FIELDS.items()},
        quotes=QUOTES,
    )
    return insight(
        conversation_id=str(UUID(int=chance.getrandbits(128), version=4)),
        external_id="ticket-1234",
        occurred_at=occurred_at,
        outcome=analysis,
        segments={"channel": chance.choice(("chat", "mail", "phone"))},
    )


def largest() -> Insight:
    """Return an insight whose labels and failure codes have their greatest lengths."""
    analysis = Analysis(
        summary=SUMMARY * 100,
        sentiment=Sentiment.NEGATIVE,
        topics=tuple(f"{number}".ljust(100, "t") for number in range(5)),
        fields={f"{number}".ljust(40, "n"): "v" * 40 for number in range(10)},
    )
    segments = {f"{number}".ljust(64, "n"): "v" * 64 for number in range(3)}
    return insight(outcome=analysis, segments=segments, processing_time_ms=10**7)


def test_the_insight_of_these_tests_has_three_kilobytes() -> None:
    size = item_bytes(insight_to_item(rich(Random(1)), 4, LIFETIME))
    assert 2_800 < size <= 3_072


@pytest.mark.parametrize("one", [rich(Random(1)), largest()], ids=["rich", "largest"])
def test_an_entry_of_each_index_takes_one_write_unit(one: Insight) -> None:
    entries = index_entries(insight_to_item(one, 32, LIFETIME))
    assert len(entries) == 7
    assert {
        name: size for name, entry in entries.items() if (size := item_bytes(entry)) > 1_024
    } == {}


@pytest.fixture
def transactions(parts: Parts) -> list[list[dict[str, Any]]]:
    """The actions of each transaction that is written from now on."""
    written: list[list[dict[str, Any]]] = []
    parts.dynamodb.meta.events.register(
        "provide-client-params.dynamodb.TransactWriteItems",
        lambda params, **_: written.append(params["TransactItems"]),
    )
    return written


def write_units(transactions: list[list[dict[str, Any]]]) -> int:
    """Return the write units of transactions. A counter's item is smaller than 1 KB."""
    units = 0
    for action in (action for actions in transactions for action in actions):
        if "Put" in action:
            item = action["Put"]["Item"]
            units += 2 * -(-item_bytes(item) // 1_024) + len(index_entries(item))
        else:
            units += 2
    return units


def in_one_hour(chance: Random) -> datetime:
    return NOW.replace(minute=chance.randrange(60))


def within_two_years(chance: Random) -> datetime:
    return NOW - timedelta(days=730 * chance.random())


@pytest.mark.parametrize(
    ("when", "most_usd", "documented"),
    [
        (in_one_hour, 17.0, "A batch of 50 in the same hour"),
        (within_two_years, 35.0, "A batch of 50 scattered over two years"),
    ],
)
def test_a_million_rich_insights_cost_no_more_than_the_bound(
    parts: Parts,
    transactions: list[list[dict[str, Any]]],
    when: Callable[[Random], datetime],
    most_usd: float,
    documented: str,
) -> None:
    chance = Random(14)
    ledger = parts.ledger
    for _ in range(3):
        batch = [Entry(rich(chance, when(chance)), LIFETIME) for _ in range(50)]
        assert len(ledger.save(batch).saved) == 50
    units = write_units(transactions) / 150
    assert units * USD_PER_UNIT <= most_usd
    assert cost_page.rich_units(documented) == pytest.approx(units, abs=0.1)


def test_one_rich_insight_alone_costs_no_more_than_scattered_ones(
    parts: Parts, transactions: list[list[dict[str, Any]]]
) -> None:
    ledger = parts.ledger
    ledger.save([Entry(rich(Random(1)), LIFETIME)])
    assert write_units(transactions) == 49
    assert 49 * USD_PER_UNIT <= 35


def test_transactions_of_a_wave_never_change_the_same_counter_at_the_same_time(
    parts: Parts,
) -> None:
    """Transactions on one shard follow each other, and others have other counters."""
    under_way: dict[int, set[str]] = {}
    overlaps: list[set[str]] = []
    shards: list[set[str]] = []

    def begin(params: dict[str, Any], **_: Any) -> None:
        updates = [
            action["Update"]["Key"] for action in params["TransactItems"] if "Update" in action
        ]
        keys = {f"{key['bucket']['S']} {key['slot']['S']}" for key in updates}
        overlaps.extend(keys & others for others in under_way.values() if keys & others)
        under_way[get_ident()] = keys
        shards.append({key["bucket"]["S"].rsplit("#")[-1] for key in updates})

    def end(**_: Any) -> None:
        under_way.pop(get_ident())

    events = parts.dynamodb.meta.events
    events.register_first("provide-client-params.dynamodb.TransactWriteItems", begin)
    events.register("after-call.dynamodb.TransactWriteItems", end)
    chance = Random(14)
    batch = [Entry(rich(chance, within_two_years(chance)), LIFETIME) for _ in range(50)]
    parts.ledger.save(batch)
    assert len(shards) >= 8
    assert all(len(shard) == 1 for shard in shards)
    assert set.union(*shards) == {"0", "1", "2", "3"}
    assert overlaps == []


# ------------------------------------------------------------------ reads

SIZES = (150, 600)


@pytest.fixture(scope="module", params=SIZES)
def metered(request: pytest.FixtureRequest) -> Iterator[tuple[Query, Meter]]:
    """The query function with so many rich insights, and the units that it takes."""
    with mock_aws():
        query = Query(make_parts(Clock(), RATE_LIMIT_REQUESTS="1000000"))
        chance = Random(14)
        insights = [rich(chance, within_two_years(chance)) for _ in range(request.param)]
        query.place(insights)
        items = {one.conversation_id: insight_to_item(one, 4, LIFETIME) for one in insights}
        meter = Meter({**items})
        meter.attach(query.parts.dynamodb)
        yield query, meter


@pytest.mark.parametrize(
    ("filters", "most_units"),
    [
        ({}, 12),
        ({"topic": TOPICS[0]}, 20),
        ({"status": "completed"}, 22),
        ({"sentiment": "negative"}, 16),
        ({"topic": TOPICS[0], "sentiment": "negative"}, 40),
        ({"field.churn_risk": "high"}, 40),
        ({"field.churn_risk": "high", "segment.channel": "chat", "topic": TOPICS[1]}, 40),
    ],
    ids=str,
)
def test_a_page_of_twenty_takes_few_read_units_at_any_size_of_the_table(
    metered: tuple[Query, Meter], filters: dict[str, str], most_units: float
) -> None:
    query, meter = metered
    cursor: dict[str, str] = {}
    for _ in range(6):
        meter.clear()
        body = query.get(LIST, limit="20", **filters, **cursor).body
        assert meter.units() <= most_units
        if body["next_cursor"] is None:
            break
        cursor = {"cursor": body["next_cursor"]}


def test_a_page_of_which_all_insights_are_in_one_partition_takes_no_more(
    metered: tuple[Query, Meter],
) -> None:
    """One topic always has the same place, so that four partitions contain all its insights."""
    query, meter = metered
    chance = Random(3)
    insights = [
        insight(
            conversation_id=str(UUID(int=chance.getrandbits(128), version=4)),
            occurred_at=within_two_years(chance),
            outcome=Analysis(SUMMARY, Sentiment.NEGATIVE, ("one_place_only",)),
        )
        for _ in range(60)
    ]
    query.place(insights)
    meter.items.update({one.conversation_id: insight_to_item(one, 4, LIFETIME) for one in insights})
    meter.clear()
    body = query.get(LIST, limit="20", topic="one_place_only").body
    assert len(body["items"]) == 20
    assert meter.units() <= 20


def test_a_filter_that_nothing_matches_reads_a_bounded_number_of_entries(
    metered: tuple[Query, Meter],
) -> None:
    query, meter = metered
    meter.clear()
    read: Counter[str] = Counter()
    body = query.get(LIST, limit="20", **{"field.churn_risk": "unknown"}).body
    for _, response in meter.queried:
        read["entries"] += response["ScannedCount"]
    assert body["items"] == []
    assert read["entries"] <= 600
    assert meter.units() <= 40
