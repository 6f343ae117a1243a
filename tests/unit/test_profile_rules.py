"""The rules of a profile: each fault names its place, and no value that was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from grok_insights.domain.profile import BUILT_IN, NewProfile, Profile
from grok_insights.domain.profile_rules import MAX_PROMPT_CHARS, profile_faults, prompt_chars
from grok_insights.errors import Fault
from grok_insights.validation import faults_of

DYNAMODB_LIMIT_BYTES = 400 * 1024


def faults(profile: Any) -> list[tuple[str, str]]:
    """Return the faults of a body, as the API finds them."""
    try:
        found: tuple[Fault, ...] = profile_faults(NewProfile.model_validate(profile), "body")
    except ValidationError as error:
        found = faults_of(error.errors(include_url=False, include_input=False), "body")
    return [(one.location, one.message) for one in found]


def closed(*labels: dict[str, Any]) -> dict[str, Any]:
    return {"topics": {"mode": "closed", "labels": list(labels)}}


def enum(**more: Any) -> dict[str, Any]:
    return {"name": "risk", "type": "enum", "values": ["low", "high"], **more}


def whole(**more: Any) -> dict[str, Any]:
    return {"name": "effort", "type": "integer", "minimum": 1, "maximum": 5, **more}


OTHER_TOPIC = "must not be other, which is the topic where no label applies"
SAME_TOPIC = "must differ from all other labels and aliases"
SAME = "must differ from the others of the list"

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (closed(), "body.topics.labels", "must have a label if the mode is closed"),
    (closed({"name": "other"}), "body.topics.labels.0.name", OTHER_TOPIC),
    (closed({"name": "a"}, {"name": "a"}), "body.topics.labels.1.name", SAME_TOPIC),
    (
        closed({"name": "a", "aliases": ["other"]}),
        "body.topics.labels.0.aliases.0",
        OTHER_TOPIC,
    ),
    (closed({"name": "a", "aliases": ["a"]}), "body.topics.labels.0.aliases.0", SAME_TOPIC),
    (
        closed({"name": "a", "aliases": ["b"]}, {"name": "b"}),
        "body.topics.labels.0.aliases.0",
        SAME_TOPIC,
    ),
    (
        closed({"name": "a", "aliases": ["c"]}, {"name": "b", "aliases": ["d", "c"]}),
        "body.topics.labels.1.aliases.1",
        SAME_TOPIC,
    ),
    (
        closed({"name": "Money Back"}),
        "body.topics.labels.0.name",
        "must be in snake_case, like churn_risk",
    ),
    ({"topics": {"mode": "half"}}, "body.topics.mode", "must be 'open' or 'closed'"),
    (
        {"topics": {"labels": [{"name": f"n{one}"} for one in range(101)]}},
        "body.topics.labels",
        "must have at most 100 items",
    ),
    (
        {"topics": {"labels": [{"name": "a", "aliases": [f"n{one}" for one in range(21)]}]}},
        "body.topics.labels.0.aliases",
        "must have at most 20 items",
    ),
    ({"fields": [enum(), enum()]}, "body.fields.1.name", SAME),
    ({"fields": [enum(values=["low", "low"])]}, "body.fields.0.values.1", SAME),
    ({"fields": [enum(values=[])]}, "body.fields.0.values", "must have 1 or more items"),
    (
        {"fields": [whole(), enum(values=[f"v{one}" for one in range(9)])]},
        "body.fields.1.values",
        "must have at most 8 items",
    ),
    (
        {"fields": [whole(name=f"f{one}") for one in range(11)]},
        "body.fields",
        "must have at most 10 items",
    ),
    ({"fields": [whole(maximum=0)]}, "body.fields.0.maximum", "must be at least the minimum"),
    (
        {"fields": [whole(maximum=12)]},
        "body.fields.0.maximum",
        "must be at most 10 more than the minimum",
    ),
    ({"fields": [whole(minimum="1")]}, "body.fields.0.minimum", "must be a whole number"),
    ({"fields": [whole(minimum=True)]}, "body.fields.0.minimum", "must be a whole number"),
    ({"fields": [whole(minimum=1.5)]}, "body.fields.0.minimum", "must be a whole number"),
    (
        {"fields": [{"name": "a", "type": "text", "max_length": 501}]},
        "body.fields.0.max_length",
        "must be at most 500",
    ),
    (
        {"fields": [{"name": "a", "type": "colour"}]},
        "body.fields.0",
        "must have a type that is one of 'boolean', 'enum', 'integer', 'text'",
    ),
    ({"fields": [{"name": "a"}]}, "body.fields.0", "must have a type"),
    (
        {"fields": [{"name": "a", "type": "boolean", "values": ["x"]}]},
        "body.fields.0.values",
        "is not a known name",
    ),
    ({"segments": ["channel", "channel"]}, "body.segments.1", SAME),
    ({"segments": [" "]}, "body.segments.0", "must not be blank"),
    ({"segments": ["a", "b", "c", "d"]}, "body.segments", "must have at most 3 items"),
    ({"quotes": "yes"}, "body.quotes", "must be true or false"),
    ({"instructions": " \n"}, "body.instructions", "must not be blank"),
    ({"instructions": "x" * 2001}, "body.instructions", "must have at most 2000 characters"),
    ({"note": "\ud800"}, "body.note", "must not hold half a surrogate pair"),
    (
        {
            "topics": {
                "labels": [{"name": f"n{one}", "description": "d" * 300} for one in range(70)]
            }
        },
        "body",
        "must have at most 20,000 characters in instructions, and in names, descriptions and"
        " values of labels and fields",
    ),
]


@pytest.mark.parametrize(
    ("profile", "location", "message"),
    REFUSED,
    ids=[f"{location}-{at}" for at, (_, location, _) in enumerate(REFUSED)],
)
def test_a_profile_that_breaks_a_rule_is_refused_with_the_place(
    profile: dict[str, Any], location: str, message: str
) -> None:
    assert faults(profile) == [(location, message)]


def test_at_most_five_faults_are_named() -> None:
    assert len(faults(closed(*[{"name": "other"}] * 9))) == 5


@pytest.mark.parametrize(
    "profile",
    [
        {},
        {"fields": [whole(minimum=0, maximum=10), enum(values=["other"])]},
        {"fields": [{"name": "a", "type": "text"}], "segments": ["a", "b", "A"]},
        closed({"name": "refund", "aliases": ["money_back"]}, {"name": "delivery"}),
        {"fields": [whole(minimum=7, maximum=7)]},
    ],
)
def test_a_profile_that_breaks_no_rule_is_accepted(profile: dict[str, Any]) -> None:
    assert faults(profile) == []


def test_the_built_in_profile_breaks_no_rule() -> None:
    assert profile_faults(BUILT_IN) == ()


def test_a_profile_equals_the_one_that_its_json_is_read_to() -> None:
    profile = Profile(version=7, **dict(NewProfile.model_validate(closed({"name": "été"[1]}))))
    assert Profile.model_validate_json(profile.as_json()) == profile
    assert next(iter(json.loads(profile.as_json()))) == "version"


def test_the_largest_profile_fits_into_an_item() -> None:
    letter = "😀"
    names = iter(f"{one:040d}" for one in range(10_000))
    chars = MAX_PROMPT_CHARS - 2_000 - 100 * 40
    labels = [
        {
            "name": next(names),
            "description": letter * min(300, max(0, chars - 300 * one)),
            "aliases": [next(names) for _ in range(20)],
        }
        for one in range(100)
    ]
    body = {
        "note": letter * 300,
        "instructions": letter * 2_000,
        "topics": {"labels": labels},
        "segments": [f"{one}{letter * 63}" for one in range(3)],
    }
    assert faults(body) == []
    profile = Profile(version=1_000_000, **dict(NewProfile.model_validate(body)))
    assert prompt_chars(profile) == MAX_PROMPT_CHARS
    assert 150_000 < len(profile.as_json().encode()) < DYNAMODB_LIMIT_BYTES
