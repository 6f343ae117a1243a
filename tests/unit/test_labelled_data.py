"""Labelled data: what a line may contain, and errors that name the line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.evaluate.labelled import BadData, load, parse
from scripts.evaluate.profile import load_profile

GOOD = {"id": "a", "text": "Hello", "sentiment": "neutral", "topics": ["other"]}


def line(**changes: Any) -> str:
    return json.dumps({name: it for name, it in {**GOOD, **changes}.items() if it is not ...})


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("{", "is not JSON"),
        ("[]", "must be an object"),
        (line(sentiment="angry"), "sentiment: "),
        (line(text=...), "must have either text or messages"),
        (line(messages=[{"role": "customer", "text": "Hi"}]), "must have either text or messages"),
        (line(text=..., messages=[]), "messages: "),
        (line(text=..., messages=[{"role": "boss", "text": "Hi"}]), "role: "),
        (line(text="  "), "text: "),
        (line(topics=["Refund!"]), "topics.0: "),
        (line(language="English"), "language: "),
        (line(topics=["refund", "refund"]), "names a topic twice"),
        (line(mood="good"), "mood: "),
        (line(id=...), "id: "),
        (line(), "the id 'a' is already on an earlier line"),
    ],
)
def test_a_bad_line_is_named_with_its_number_and_its_fault(bad: str, reason: str) -> None:
    with pytest.raises(BadData) as caught:
        parse([line(), "", bad], "data.jsonl")
    first, second = str(caught.value).splitlines()
    assert first == "data.jsonl has lines that cannot be used:"
    assert second.startswith("line 3: ")
    assert reason in second


def test_all_bad_lines_are_named_but_not_endlessly_many() -> None:
    with pytest.raises(BadData) as caught:
        parse(["{"] * 25, "data.jsonl")
    assert len(str(caught.value).splitlines()) == 22
    assert str(caught.value).endswith("and 5 more")


def test_an_error_does_not_repeat_the_text_of_a_conversation() -> None:
    with pytest.raises(BadData) as caught:
        parse([line(text="a secret story", sentiment="sad")], "data.jsonl")
    assert "secret" not in str(caught.value)


def test_a_file_without_conversations_or_that_is_missing_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n\n", "utf-8")
    with pytest.raises(BadData, match="contains no conversation"):
        load(empty)
    with pytest.raises(BadData, match="cannot be read"):
        load(tmp_path / "missing.jsonl")


def test_topics_and_fields_may_be_left_out() -> None:
    (found,) = parse([line(topics=...)], "data.jsonl")
    assert found.topics is None
    assert found.fields == {}


def test_messages_are_analysed_as_lines_with_their_role() -> None:
    messages = [{"role": "customer", "text": "Hi"}, {"role": "agent", "text": "Hello"}]
    (found,) = parse([line(text=..., messages=messages)], "data.jsonl")
    assert found.transcript == "Customer: Hi\nAgent: Hello"
    assert [turn.role for turn in found.turns] == ["customer", "agent"]


@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_lines_are_read_or_refused_with_a_sentence(lines: list[str]) -> None:
    with pytest.raises(BadData, match=r"data\.jsonl "):
        parse(lines, "data.jsonl")


@pytest.mark.parametrize(
    ("content", "reason"),
    [("{", "cannot be read as JSON"), ("[]", "cannot be read"), ('{"color": 1}', "color: ")],
)
def test_a_profile_that_is_not_valid_is_refused_with_the_reason(
    tmp_path: Path, content: str, reason: str
) -> None:
    path = tmp_path / "profile.json"
    path.write_text(content, "utf-8")
    with pytest.raises(BadData, match=reason):
        load_profile(path)
