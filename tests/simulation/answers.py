"""What Grok answers to a schema: its meaning follows from the text, and its form may be odd."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zlib import crc32

TOPICS = ("delivery", "refund", "login", "price", "warranty", "praise")
ALIAS, UNKNOWN_TOPIC, NEW_TOPIC = "money_back", "quantum_entanglement", "time_travel"
OWN = frozenset({"summary", "sentiment", "topics", "proposed_topic", "quotes"})
QUOTED_WORDS = 5
INVENTED = "nobody ever wrote these words"

Properties = Mapping[str, Mapping[str, Any]]


def drawn(name: str, about: str, count: int) -> int:
    """Return a number below ``count`` that depends on a text's digest and on a property only."""
    return crc32(f"{about}/{name}".encode()) % count


def said(name: str, text: str, properties: Properties) -> dict[str, Any]:
    """Return the topics, the fields and the quotes of an answer.

    ``name`` is the digest of the text.
    """
    answer: dict[str, Any] = {"topics": _topics(name, properties)}
    for key in properties.keys() - OWN:
        value = meant(key, properties[key], name)
        answer[key] = _in_a_form(value, properties[key], drawn(f"form of {key}", name, 3))
    if "proposed_topic" in properties:
        answer["proposed_topic"] = (NEW_TOPIC, None, "null")[drawn("proposed", name, 3)]
    if "quotes" in properties:
        answer["quotes"] = [*_true_quotes(name, text), *[INVENTED] * invented_quotes(name)]
    if drawn("extra", name, 4) == 0:
        answer["mood"] = "grim"
    return answer


def meant(key: str, schema: Mapping[str, Any], name: str) -> Any:
    """Return the value that an answer has for a field; None if the conversation does not say."""
    values = _values(schema)
    return values[drawn(key, name, len(values))]


def invented_quotes(name: str) -> int:
    """Return how many quotes of an answer are in no conversation."""
    return drawn("quotes", name, 4) // 2


def true_quotes(name: str) -> int:
    """Return how many quotes of an answer are in the conversation."""
    return drawn("quotes", name, 4) % 2


def _true_quotes(name: str, text: str) -> list[str]:
    return [" ".join(text.split()[-QUOTED_WORDS:])] * true_quotes(name)


def _topics(name: str, properties: Properties) -> list[str]:
    """Return labels, an alias of a label, and in closed topics a name that is no label."""
    items = properties["topics"]["items"]
    names = [*items.get("enum", TOPICS), ALIAS]
    topics = [topic for topic in names if drawn(topic, name, 3) == 0]
    return topics + ([UNKNOWN_TOPIC] if "enum" in items else [])


def _values(schema: Mapping[str, Any]) -> list[Any]:
    """Return the values from which Grok chooses. A range of one number has no null."""
    if "enum" in schema:
        return list(schema["enum"])
    kind = schema["type"][0]
    if kind == "boolean":
        return [True, False, None]
    if kind == "string":
        return ["Acme Ltd", None]
    numbers = list(range(schema["minimum"], schema["maximum"] + 1))
    return numbers if len(numbers) == 1 else [*numbers, None]


def _in_a_form(value: Any, schema: Mapping[str, Any], form: int) -> Any:
    """Return a value as the schema says, or in another form that means the same."""
    if form == 0:
        return value
    if value is None:
        is_text = schema["type"][0] == "string" and "enum" not in schema
        return "n/a" if form == 1 or is_text else {"purple": True}
    if isinstance(value, bool):
        return "Yes" if value else "no"
    is_choice = isinstance(value, str) and "enum" in schema
    return f" {value}\n".upper() if is_choice else f" {value} "
