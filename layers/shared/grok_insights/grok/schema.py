"""The strict JSON schema of Grok's answer to a profile, within the rules of xAI. Pure.

xAI enforces types, enumerations, `anyOf` and bounds. Each field is required, and nullable by
``["…", "null"]``: https://docs.x.ai/docs/guides/structured-outputs
"""

from __future__ import annotations

from typing import Any, Final

from grok_insights.domain.insight import MAX_TOPIC_CHARS, MAX_TOPICS, Sentiment
from grok_insights.domain.profile import (
    OTHER,
    BooleanField,
    EnumField,
    IntegerField,
    Profile,
    ProfileField,
    TopicMode,
)

MAX_ANSWER_SUMMARY_CHARS: Final = 800

SUMMARY: Final = "summary"
SENTIMENT: Final = "sentiment"
TOPICS: Final = "topics"
PROPOSED_TOPIC: Final = "proposed_topic"
QUOTES: Final = "quotes"
OWN_KEYS: Final = frozenset({SUMMARY, SENTIMENT, TOPICS, PROPOSED_TOPIC, QUOTES})

JsonSchema = dict[str, Any]


def answer_key(field: ProfileField) -> str:
    """Return the name of a field in the answer, different from the names of the product."""
    return f"{field.name}_" if field.name in OWN_KEYS else field.name


def topic_names(profile: Profile) -> tuple[str, ...]:
    """Return the topics that Grok may choose if they are closed: the labels and ``other``."""
    return tuple(dict.fromkeys([*(label.name for label in profile.topics.labels), OTHER]))


def schema(profile: Profile) -> JsonSchema:
    """Return the schema of the answer about one conversation."""
    properties: dict[str, JsonSchema] = {
        SUMMARY: {"type": "string", "minLength": 1, "maxLength": MAX_ANSWER_SUMMARY_CHARS},
        SENTIMENT: {"type": "string", "enum": [str(one) for one in Sentiment]},
        TOPICS: {"type": "array", "items": _topic(profile), "maxItems": MAX_TOPICS},
    }
    if profile.topics.mode is TopicMode.CLOSED:
        properties[PROPOSED_TOPIC] = {"type": ["string", "null"], "maxLength": MAX_TOPIC_CHARS}
    properties |= {answer_key(field): _field(field) for field in profile.fields}
    if profile.quotes:
        properties[QUOTES] = {"type": "array", "items": {"type": "string"}}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _topic(profile: Profile) -> JsonSchema:
    if profile.topics.mode is TopicMode.OPEN:
        return {"type": "string"}
    return {"type": "string", "enum": list(topic_names(profile))}


def _field(field: ProfileField) -> JsonSchema:
    described = {"description": field.description} if field.description else {}
    return {**_type(field), **described}


def _type(field: ProfileField) -> JsonSchema:
    match field:
        case BooleanField():
            return {"type": ["boolean", "null"]}
        case EnumField(values=values):
            return {"type": ["string", "null"], "enum": [*values, None]}
        case IntegerField(minimum=minimum, maximum=maximum):
            return {"type": ["integer", "null"], "minimum": minimum, "maximum": maximum}
        case _:
            return {"type": ["string", "null"], "maxLength": field.max_length}
