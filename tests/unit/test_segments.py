"""Segments: which values of the metadata they are, and which of them are ``other``."""

from __future__ import annotations

from typing import Any

import pytest

from grok_insights.domain.conversation import Conversation
from grok_insights.domain.profile import BUILT_IN
from grok_insights.domain.segments import MAX_SEGMENT_VALUES, ActiveProfile, segment_value
from tests.builders import AN_ID, NOW

PROFILE = BUILT_IN.model_copy(update={"segments": ("channel", "product")})


def conversation(metadata: dict[str, Any] | None) -> Conversation:
    return Conversation(AN_ID, "Hello", NOW, NOW, metadata=metadata)


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("chat", "chat"),
        (" Chat ", " Chat "),
        ("x" * 64, "x" * 64),
        ("😀" * 64, "😀" * 64),
        (2, "2"),
        (-0.5, "-0.5"),
        (True, "true"),
        (False, "false"),
        ("x" * 65, None),
        (10**64, None),
        ("", None),
        (" \t", None),
        ("\ud800", None),
        (None, None),
        ([], None),
        ({"a": 1}, None),
    ],
)
def test_texts_numbers_and_truth_values_are_segments(value: Any, segment: str | None) -> None:
    assert segment_value(value) == segment


def test_known_values_are_kept_and_others_are_other() -> None:
    active = ActiveProfile(PROFILE, {"channel": frozenset({"chat"})})
    assert active.segments(conversation({"channel": "chat", "product": 7, "more": 1})) == {
        "channel": "chat",
        "product": "other",
    }
    assert active.segments(conversation({"channel": []})) == {}
    assert active.segments(conversation(None)) == {}


def test_a_value_may_become_known_while_there_is_room() -> None:
    many = frozenset(str(one) for one in range(MAX_SEGMENT_VALUES - 1))
    active = ActiveProfile(PROFILE, {"channel": many, "product": many | {"x"}})
    sent = conversation({"channel": "chat", "product": "chat"})
    assert active.unknown(sent) == {("channel", "chat")}
    assert active.unknown(conversation({"channel": "other"})) == set()
    assert active.unknown(conversation({"channel": "1"})) == set()
