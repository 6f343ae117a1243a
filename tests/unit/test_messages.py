"""Messages of the queue are read strictly: an invalid message affects no other message."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_insights.aws.queue import Message
from tests.builders import AN_ID, NOW

GOOD: dict[str, Any] = {
    "conversation_id": AN_ID,
    "attempt": 1,
    "enqueued_at": "2026-11-23T10:15:00.000Z",
    "generation": 1_763_892_900_000,
}


def body(**changes: Any) -> str:
    return json.dumps({**GOOD, **changes})


POISON = {
    "no JSON": "{",
    "a list": "[]",
    "a text": '"x"',
    "nothing": "{}",
    "too deep": "[" * 100_000,
    "a number that is too long": body().replace('"attempt": 1', f'"attempt": {"9" * 5_000}'),
    "no id": body(conversation_id=None),
    "a number for an id": body(conversation_id=7),
    "an empty id": body(conversation_id=""),
    "an id that is too long for a key": body(conversation_id="a" * 3_000),
    "an id in capitals": body(conversation_id=AN_ID.upper()),
    "an id with a line's end": body(conversation_id=f"{AN_ID}\n"),
    "no attempt": body(attempt=None),
    "attempt 0": body(attempt=0),
    "a negative attempt": body(attempt=-1),
    "an attempt in text": body(attempt="1"),
    "a fraction": body(attempt=1.5),
    "true": body(attempt=True),
    "infinity": body(attempt=float("inf")),
    "not a number": body(redrives=float("nan")),
    "too many attempts": body(attempt=10**30),
    "too many redrives": body(redrives=1_001),
    "negative redrives": body(redrives=-1),
    "negative repeats": body(repeated_last_attempt=-1),
    "negative losses": body(unsaved=-1),
    "suspected twice": body(suspected=2),
    "a number for a code": body(known_error=7),
    "a code that is too long": body(known_error="x" * 65),
    "generation 0": body(generation=0),
    "no generation's type": body(generation="7"),
    "an absurd generation": body(generation=10**15 + 1),
    "no time": body(enqueued_at=None),
    "a time without a zone": body(enqueued_at="2026-11-23T10:15:00"),
    "a day": body(enqueued_at="2026-11-23"),
    "seconds": body(enqueued_at=1_763_892_900),
    "the calendar's begin": body(enqueued_at="0001-01-01T00:00:00+14:00"),
    "a time long ago": body(enqueued_at="1999-12-31T23:59:59Z"),
    "no time of the clock": body(enqueued_at="2026-11-23T25:15:00Z"),
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_what_is_no_message_is_refused_without_a_quote_of_it(poison: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Message.from_body(poison)
    assert caught.value.__cause__ is None
    assert len(str(caught.value)) < 60


def test_a_message_comes_back_as_it_was_sent() -> None:
    sent = Message(
        AN_ID,
        3,
        NOW,
        redrives=1,
        repeated_last_attempt=2,
        unsaved=2,
        suspected=1,
        known_error="unauthorized",
        generation=7,
    )
    assert Message.from_body(sent.to_body()) == sent


def test_a_message_by_hand_needs_no_generation() -> None:
    by_hand = {name: value for name, value in GOOD.items() if name != "generation"}
    assert Message.from_body(json.dumps(by_hand)) == Message(
        AN_ID, 1, datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(name=st.sampled_from([*GOOD, "redrives", "unsaved", "known_error"]), value=JSON)
def test_no_value_of_any_field_raises_anything_else(name: str, value: object) -> None:
    try:
        message = Message.from_body(json.dumps({**GOOD, name: value}))
    except ValueError:
        return
    assert Message.from_body(message.to_body()) == message
