"""The messages that clients and operators get about invalid input."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import Field, ValidationError

from functions.ingest.app import NewConversations
from grok_insights.domain.new_conversation import ByExternalId, ById, NewConversation, NewMessage
from grok_insights.query.parameters import ListQuery, TrendsQuery
from grok_insights.settings import Settings
from grok_insights.validation import MAX_FAULTS, MESSAGES, NOT_BLANK, Model, faults_of

MODELS = (
    ByExternalId,
    ById,
    ListQuery,
    NewMessage,
    NewConversation,
    NewConversations,
    Settings,
    TrendsQuery,
)
ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 7, 1.5, 10**30, float("inf"), "", " ", "x", "-1", "0", "1_0", "5.0"),
    *("9" * 5_000, "1e400", "nan", "x" * 100_001, "\ud800", "2026-13-01T00:00:00Z", [], [1] * 501),
    *({}, {"k": "\ud800"}, {"k": float("inf")}, {"k": "v" * 9_000}, "2026-02-30T10:00:00Z"),
)
THEIRS = re.compile(r"Input|Field|Extra|String|List|Value|dictionary|instance|unable|is not valid")


def faults(model: type[Model], sent: Any) -> dict[str, str]:
    """Return the messages by location; empty if the input is valid."""
    try:
        model.model_validate(sent)
    except ValidationError as error:
        found = faults_of(error.errors(include_url=False), most=None)
        return {fault.location: fault.message for fault in found}
    return {}


@pytest.mark.parametrize("model", MODELS)
def test_no_message_is_in_the_words_of_pydantic(model: type[Model]) -> None:
    whole = [faults(model, sent) for sent in (*ODD, {"unknown": 1})]
    names = [field.alias or name for name, field in model.model_fields.items()]
    fields = [faults(model, {name: value}) for name in names for value in ODD]
    messages = {message for found in (*whole, *fields) for message in found.values()}
    assert not [one for one in messages if THEIRS.search(one)]


@pytest.mark.parametrize(
    ("model", "sent", "location", "message"),
    [
        (NewConversation, [], "", "must be an object"),
        (NewConversation, {}, "text", "is missing: send text or messages"),
        (NewConversation, {"text": "x", "externalId": "1"}, "externalId", "is not a known name"),
        (NewConversation, {"text": "x", "metadata": [1]}, "metadata", "must be an object"),
        (NewConversation, {"text": 5}, "text", "must be a string"),
        (NewConversation, {"text": " \n"}, "text", "must not be blank"),
        (NewConversation, {"text": "\ud800"}, "text", "must not hold half a surrogate pair"),
        (NewConversations, {"conversations": {}}, "conversations", "must be an array"),
        (NewConversations, {"conversations": []}, "conversations", "must have 1 or more items"),
        (ListQuery, {"limit": "101"}, "limit", "must be at most 100"),
        (ListQuery, {"limit": "1_0"}, "limit", "must be a whole number"),
        (
            ListQuery,
            {"sentiment": "angry"},
            "sentiment",
            "must be 'positive', 'negative' or 'neutral'",
        ),
        (TrendsQuery, {"verify": "perhaps"}, "verify", "must be true or false"),
        (ById, {"conversation_id": "x"}, "conversation_id", "must be a UUID"),
    ],
)
def test_a_message_says_what_the_field_must_be(
    model: type[Model], sent: Any, location: str, message: str
) -> None:
    assert faults(model, sent) == {location: message}


def test_every_message_can_be_written_with_what_pydantic_says() -> None:
    names = {name for text in MESSAGES.values() for name in re.findall(r"{(\w+)}", text)}
    assert names == {
        "expected",
        "expected_tags",
        "max_length",
        "min_length",
        "gt",
        "ge",
        "lt",
        "le",
    }


def test_a_text_is_blank_for_the_server_where_it_is_by_the_pattern_of_the_description() -> None:
    characters = [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000]
    blank = {one for one in characters if faults(NewConversation, {"text": one})}
    assert blank == {one for one in characters if not re.search(NOT_BLANK, one)}
    assert {one for one in characters if one.isspace()} <= blank
    assert not faults(NewConversation, {"text": " \n" + "x"})


def test_many_faults_of_one_request_are_cut_off_and_so_are_the_names_that_a_client_chose() -> None:
    sent = {"text": "x", **{f"{'k' * 1_000}{number}": 1 for number in range(800)}}
    with pytest.raises(ValidationError) as caught:
        NewConversation.model_validate(sent)
    found = faults_of(caught.value.errors(), "body")
    assert len(found) == MAX_FAULTS
    assert {len(fault.location) for fault in found} == {64}


def test_a_text_that_does_not_match_a_pattern_without_a_message_gets_the_pattern() -> None:
    class Delimited(Model):
        delimiter: str = Field(pattern="^[^x]$")

    with pytest.raises(ValidationError) as caught:
        Delimited.model_validate({"delimiter": "AAA"})
    [found] = faults_of(caught.value.errors(), "body")
    assert (found.location, found.message) == ("body.delimiter", "must match ^[^x]$")
