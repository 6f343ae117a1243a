"""The schemas of events in the documentation are those of the types that the functions use."""

from __future__ import annotations

import json
import re

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest

from grok_insights.domain.events import EventType, event_id
from scripts.events_page import PAGE, SCHEMAS, page_text, schemas, schemas_text
from tests.builders import AN_ID, GENERATION


def example() -> dict[str, object]:
    """Return the first example of the page."""
    [first, *_] = re.findall(r"```json\n(.+?)```", PAGE.read_text("utf-8"), re.DOTALL)
    found: dict[str, object] = json.loads(first)
    return found


def test_the_documented_schemas_are_current() -> None:
    """`make openapi` writes them."""
    assert PAGE.read_text("utf-8") == page_text()
    assert SCHEMAS.read_text("utf-8") == schemas_text()


def test_every_event_is_documented() -> None:
    assert set(schemas()) == set(map(str, EventType))
    for kind in EventType:
        assert f"| `{kind}` |" in PAGE.read_text("utf-8")


def test_the_example_follows_its_schema() -> None:
    shown = example()
    jsonschema.validate(shown["detail"], schemas()[str(shown["detail-type"])])


def test_every_pattern_of_the_page_is_json() -> None:
    patterns = re.findall(r"```json\n(.+?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(patterns) > 3
    for pattern in patterns:
        assert json.loads(pattern)["source"] is not None


@pytest.mark.parametrize("kind", EventType)
def test_a_schema_names_no_field_that_could_hold_a_text_of_the_conversation(kind: str) -> None:
    forbidden = {"text", "messages", "summary", "quotes", "message", "error", "metadata"}
    assert not forbidden & set(schemas()[kind]["properties"])


def test_an_id_is_the_same_for_the_same_event_and_differs_in_all_else() -> None:
    same = {event_id(EventType.INSIGHT_COMPLETED, AN_ID, GENERATION, 1) for _ in range(2)}
    others = {
        event_id(EventType.INSIGHT_FAILED, AN_ID, GENERATION, 1),
        event_id(EventType.INSIGHT_COMPLETED, AN_ID, GENERATION + 1, 1),
        event_id(EventType.INSIGHT_COMPLETED, AN_ID, GENERATION, 2),
        event_id(EventType.INSIGHT_COMPLETED, AN_ID[::-1], GENERATION, 1),
    }
    assert (len(same), len(others | same)) == (1, 5)
