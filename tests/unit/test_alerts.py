"""Alert rules and alerts: when a breach begins and ends, and which events tell of it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from grok_insights.domain.alert_rules import AlertRule, Window, WindowCount
from grok_insights.domain.alerts import (
    MAX_ENDED,
    MAX_RULES,
    AlertBook,
    AlertStatus,
    Counted,
    Notice,
)
from grok_insights.domain.trends import Counters, Interval, Key
from grok_insights.errors import Conflict, NotFound

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def rule(**overrides: Any) -> AlertRule:
    values = {"name": "refunds", "label": "topic:refund", "above": 10.0, **overrides}
    return AlertRule(**values)


def book(*rules: AlertRule) -> AlertBook:
    return AlertBook(rules=rules or (rule(),))


def evaluated(before: AlertBook, minute: float, present: int, previous: int = 0) -> AlertBook:
    """Return the book after an evaluation some minutes after ten, with these counts."""
    counted = Counted(WindowCount(present, 100), WindowCount(previous, 100))
    counts = {one.name: counted for one in before.rules}
    return before.evaluated(counts, TEN + timedelta(minutes=minute))


def statuses(after: AlertBook) -> list[str]:
    return [notice.status for notice in after.unsent]


@pytest.mark.parametrize(
    ("limit", "counted", "is_breach"),
    [
        ({"above": 10}, (10, 100), False),
        ({"above": 10}, (11, 11), True),
        ({"above": 10, "minimum": 20}, (11, 19), False),
        ({"above": 0}, (0, 100), False),
        ({"above": 0.2, "measure": "share"}, (20, 100), False),
        ({"above": 0.2, "measure": "share"}, (21, 100), True),
        ({"above": 0.2, "measure": "share"}, (19, 19), False),
        ({"above": 0.2, "measure": "share", "minimum": 5}, (5, 5), True),
        ({"above": 0.2, "measure": "share", "minimum": 1}, (0, 0), False),
    ],
)
def test_a_breach_is_more_than_the_limit_in_a_window_with_enough_conversations(
    limit: dict[str, Any], counted: tuple[int, int], is_breach: bool
) -> None:
    assert rule(**limit).is_breached_by(WindowCount(*counted)) is is_breach


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"measure": "share", "above": 1}, "must be below 1 where measure is share"),
        ({"label": "field.risk:high"}, "must be 1d for fields and segments"),
        ({"label": "segment.channel:chat"}, "must be 1d for fields and segments"),
        ({"label": "sentiment:failed"}, "pattern"),
        ({"label": "summary:late"}, "pattern"),
        ({"label": "topic:"}, "pattern"),
        ({"name": "Many Refunds"}, "pattern"),
        ({"above": float("nan")}, "finite"),
        ({"above": -1}, "greater than or equal to 0"),
        ({"minimum": 0}, "greater than or equal to 1"),
    ],
)
def test_a_rule_that_cannot_be_counted_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        rule(**changes)


@pytest.mark.parametrize(
    ("label", "window", "counts"),
    [
        ("topic:refund", Window.HOUR, WindowCount(3 + 4, 110)),
        ("topic:refund", Window.DAY, WindowCount(30 + 40, 1100)),
        ("field.risk:high", Window.DAY, WindowCount(50, 1100)),
        ("sentiment:negative", Window.HOUR, WindowCount(60, 110)),
    ],
)
def test_a_window_is_counted_over_all_shards_from_its_own_items_only(
    label: str, window: Window, counts: WindowCount
) -> None:
    one = rule(label=label, window=window)
    counters: Counters = {
        Interval.HOUR.key(TEN, 0): Counter(positive=50, negative=20, failed=7),
        Interval.HOUR.key(TEN, 1): Counter(negative=40),
        Interval.DAY.key(TEN.replace(hour=0), 1): Counter(positive=1100, failed=9),
        Key("topic#2026-11-23#0", "refund"): Counter({"10+": 3, "09+": 99}),
        Key("topic#2026-11-23#1", "refund"): Counter({"10-": 4}),
        Key("topic#2026-11#0", "refund"): Counter({"23=": 30, "22=": 99}),
        Key("topic#2026-11#1", "refund"): Counter({"23-": 40}),
        Key("field.risk#2026-11#1", "high"): Counter({"23-": 50}),
    }
    start, _ = one.starts(TEN + timedelta(minutes=59))
    wanted = set(one.keys(start, shards=2))
    read = {key: numbers for key, numbers in counters.items() if key in wanted}
    assert one.count_in(start, 2, read) == counts
    assert len(wanted) <= 2 * 2


def test_a_breach_begins_once_and_ends_after_its_window() -> None:
    one = evaluated(book(), 5, 10)
    assert one == book()
    one = evaluated(one, 6, 11)
    [alert] = one.alerts
    assert alert.as_json() == {
        "id": alert.id,
        "status": "breached",
        "rule": rule().as_json(),
        "since": "2026-11-23T10:06:00.000Z",
        "ended_at": None,
        "window": {"from": "2026-11-23T10:00:00.000Z", "to": "2026-11-23T11:00:00.000Z"},
        "count": 11,
        "completed": 100,
        "value": 11.0,
    }
    assert evaluated(one, 7, 50) == one
    assert evaluated(one, 8, 2) == one, "the window is not over"
    one = evaluated(one, 61, 0, previous=50)
    assert statuses(one) == ["breached"]
    one = evaluated(one, 121, 0, previous=3)
    assert statuses(one) == ["breached", "ended"]
    assert one.alerts[0].ended_at == "2026-11-23T12:01:00.000Z"
    one = evaluated(one, 125, 12)
    assert statuses(one) == ["breached", "ended", "breached"]
    assert len({alert.id for alert in one.alerts}) == 2


@pytest.mark.parametrize(("minute", "begins"), [(14, True), (15, False), (59, False)])
def test_a_window_that_is_over_begins_an_alert_for_a_short_time_only(
    minute: int, begins: bool
) -> None:
    """Insights of a window can be saved after its end. A backlog is no news."""
    assert bool(evaluated(book(), minute, 0, previous=50).alerts) is begins


def test_a_deleted_rule_ends_its_alert_and_an_equal_one_begins_anew() -> None:
    one = evaluated(book(), 5, 50).without_rule("refunds", TEN + timedelta(minutes=6))
    assert (one.rules, statuses(one)) == ((), ["breached", "ended"])
    again = evaluated(one.with_rule(rule()), 7, 50)
    assert statuses(again) == ["breached", "ended", "breached"]
    with pytest.raises(NotFound):
        one.without_rule("refunds", TEN)


def test_the_same_rule_again_changes_nothing_and_another_one_by_its_name_is_refused() -> None:
    assert book().with_rule(rule(minimum=1)) == book()
    with pytest.raises(Conflict, match="another rule has this name"):
        book().with_rule(rule(above=11))
    full = book(*(rule(name=f"r{n}") for n in range(MAX_RULES)))
    with pytest.raises(Conflict, match="50 rules"):
        full.with_rule(rule())


def test_the_oldest_alerts_are_forgotten_only_after_their_events_were_sent() -> None:
    one = book()
    for hours in range(0, 3 * 80, 3):
        one = evaluated(one, 60 * hours, 50)
        one = evaluated(one, 60 * (hours + 2), 0)
    assert (len(one.alerts), len(one.unsent)) == (80, 160)
    one = one.without_notices(one.unsent[:-20])
    assert (len(one.alerts), len(one.unsent)) == (MAX_ENDED + 10, 20)
    assert [notice for notice, _ in one.notices()] == list(one.unsent)
    assert len(one.without_notices(one.unsent).alerts) == MAX_ENDED


def test_a_book_survives_storage() -> None:
    one = evaluated(book(rule(), rule(name="b", label="sentiment:negative")), 5, 50)
    text = one.model_dump_json(exclude_defaults=True)
    assert AlertBook.model_validate_json(text) == one


steps = st.lists(
    st.tuples(st.integers(0, 130), st.integers(0, 20), st.integers(0, 20), st.booleans()),
    max_size=40,
)


@given(steps)
def test_every_breach_has_one_begin_and_one_end_in_turn_whatever_happens(
    happenings: list[tuple[int, int, int, bool]],
) -> None:
    one, minute, sent = book(rule(), rule(name="other", label="topic:delivery")), 0, list[Notice]()
    for passed, present, previous, sends in happenings:
        minute += passed
        one = evaluated(one, minute, present, previous)
        assert evaluated(one, minute, present, previous) == one, "a duplicate changes nothing"
        if sends:
            sent += one.unsent
            one = one.without_notices(one.unsent)
    sent += one.unsent
    assert len({notice.event_id for notice in sent}) == len(sent)
    names = {alert.id: alert.rule.name for alert in one.alerts}
    for name in ("refunds", "other"):
        told = [notice for notice in sent if names.get(notice.alert_id, name) == name]
        begun = [notice.alert_id for notice in told if notice.status is AlertStatus.BREACHED]
        ended = [notice.alert_id for notice in told if notice.status is AlertStatus.ENDED]
        assert ended == begun[: len(ended)]
        assert len(begun) - len(ended) == (name in one.breached())
