"""The replies of the stand-in to a profile: right, unusual, and with faults that a model makes.

They are apart from `REPLIES`, since none of them is an error of the call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.standin.replies import AnalysisRequest, Reply, completion

QUOTED_WORDS = 5
Properties = Mapping[str, Mapping[str, Any]]
BUILT_IN = {"summary", "sentiment", "topics"}


def _properties(asked: AnalysisRequest) -> Properties:
    found: Properties = asked.schema.get("properties", {})
    return found


def _fields(asked: AnalysisRequest) -> Properties:
    properties = _properties(asked).items()
    return {name: one for name, one in properties if name not in {*BUILT_IN, "quotes"}}


def _value(schema: Mapping[str, Any]) -> Any:
    """Return a value that a field may have."""
    if "enum" in schema:
        return schema["enum"][0]
    return {"boolean": True, "integer": schema.get("minimum")}.get(schema["type"][0], "Acme")


def _topics(asked: AnalysisRequest) -> list[str]:
    """Return the topics of the built-in profile, or the first label if they are closed."""
    items = _properties(asked).get("topics", {}).get("items", {})
    return items["enum"][:1] if "enum" in items else list(asked.finding()["topics"])


def _span(asked: AnalysisRequest) -> str:
    """Return the last words of the conversation."""
    return " ".join(asked.text.split()[-QUOTED_WORDS:])


def right(asked: AnalysisRequest) -> dict[str, Any]:
    """Return an answer as the schema asks for it, with a quote from the conversation."""
    fields = {name: _value(schema) for name, schema in _fields(asked).items()}
    quotes = {"quotes": [_span(asked)]} if "quotes" in _properties(asked) else {}
    if "proposed_topic" in fields:
        fields["proposed_topic"] = None
    return {**asked.finding(), "topics": _topics(asked), **fields, **quotes}


def _says(
    change: Callable[[AnalysisRequest], Mapping[str, Any]],
) -> Callable[[AnalysisRequest], Reply]:
    """Return a reply that is right but for some values."""

    def reply(asked: AnalysisRequest) -> Reply:
        content = json.dumps({**right(asked), **change(asked)})
        body = json.dumps(completion(asked, content)).encode()
        ticks = asked.usage["cost_in_usd_ticks"]
        return Reply(200, body, billed_ticks=ticks, is_usable=True)

    return reply


def _misquoted(asked: AnalysisRequest) -> str:
    """Return the last words with one of them replaced."""
    words = _span(asked).split()
    return " ".join([*words[:-2], "never", words[-1]])


def _typographic(asked: AnalysisRequest) -> str:
    """Return the last words in other quotation marks, white space and capitals."""
    words = _span(asked).replace("'", "\u2019").split()
    return "\u201c" + "\u00a0\n".join(words).capitalize() + "\u2026\u201d"


def _loose(schema: Mapping[str, Any]) -> Any:
    """Return a value in another form than the schema asks for."""
    value = _value(schema)
    return (
        "Yes" if value is True else f" {value} ".upper() if isinstance(value, str) else str(value)
    )


PROFILE_REPLIES: dict[str, Callable[[AnalysisRequest], Reply]] = {
    "profile": _says(lambda _: {}),
    "invented_quotes": _says(
        lambda _: {"quotes": ["I was promised a free phone", "Nobody ever called me back"]}
    ),
    "misquoted": _says(lambda asked: {"quotes": [_misquoted(asked)]}),
    "paraphrased": _says(
        lambda asked: {"quotes": [f"The customer says that {_span(asked)}", "They complain."]}
    ),
    "typographic_quotes": _says(lambda asked: {"quotes": [_typographic(asked)]}),
    "quotes_of_no_text": _says(lambda _: {"quotes": [7, None, ["text"], {"text": "x"}, ""]}),
    "quotes_of_everything": _says(lambda asked: {"quotes": [asked.text, *asked.text.split("\n")]}),
    "fields_outside_the_schema": _says(
        lambda _: {"mood": "grim", "priority": 9, "version": 3, "quotes_": ["x"]}
    ),
    "wrong_values": _says(lambda asked: {name: {"purple": True} for name in _fields(asked)}),
    "loose_values": _says(
        lambda asked: {name: _loose(schema) for name, schema in _fields(asked).items()}
    ),
    "nulls": _says(
        lambda asked: dict.fromkeys([*_fields(asked), "quotes", "proposed_topic", "extra"])
    ),
    "new_topics": _says(
        lambda _: {"topics": ["Quantum Entanglement", "other"], "proposed_topic": "Time Travel!"}
    ),
}
"""Every reply by its name. All are usable."""
