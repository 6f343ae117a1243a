"""Parses the analysis in Grok's text. It tolerates other formats, but requires every field.

The schema prescribes one format, but models and gateways sometimes do not follow it. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from grok_insights.domain import quotes, topic_names
from grok_insights.domain.insight import Analysis, Sentiment
from grok_insights.domain.profile import TopicMode
from grok_insights.grok import plain_text, schema
from grok_insights.grok.field_values import field_values

if TYPE_CHECKING:
    from grok_insights.domain.insight import Quote
    from grok_insights.domain.profile import Topics
    from grok_insights.grok.prompt import Prompt

MAX_CONTENT_CHARS: Final = 50_000
"""A longer answer is refused without parsing. A good one has about 500 characters."""

JOINERS: Final = "\u200c\u200d"
"""Characters that emoji and some scripts, such as Persian, need."""

FILLERS: Final = "\u115f\u1160\u2800\u3164\uffa0"
"""Invisible letters and symbols: Hangul fillers and the empty Braille pattern."""

_MAX_NAMES: Final = 50
"""How many topics of an answer are read."""

_MAX_STARTS: Final = 200
"""How many braces in a text are tried as the start of the object."""


@dataclass(frozen=True, slots=True)
class ParsedAnswer:
    """The analysis in an answer. ``invalid_values`` are values that a field cannot have."""

    analysis: Analysis
    invalid_values: int


class UnreadableAnalysis(ValueError):
    """A text contains no analysis. The message names what is missing, and quotes nothing."""


_SENTIMENTS: Final[dict[str, Sentiment]] = {
    **{str(sentiment): sentiment for sentiment in Sentiment},
    **dict.fromkeys(
        ("pos", "good", "happy", "satisfied", "pleased", "delighted", "favorable", "favourable"),
        Sentiment.POSITIVE,
    ),
    **dict.fromkeys(
        ("neg", "bad", "angry", "unhappy", "dissatisfied", "frustrated", "upset", "disappointed"),
        Sentiment.NEGATIVE,
    ),
    **dict.fromkeys(
        ("mixed", "balanced", "ambivalent", "indifferent", "none", "objective"),
        Sentiment.NEUTRAL,
    ),
}
_NO_PROPOSALS: Final = frozenset({"null", "none", "n_a", "na"})
_DEGREES: Final = re.compile(r"^(?:very|highly|mostly|slightly|somewhat|rather|overall)[ _-]+")


def parse_answer(content: str, prompt: Prompt) -> ParsedAnswer:
    """Return the analysis in an answer: plain JSON, fenced JSON, or JSON inside prose.

    It has the fields of the prompt's profile and no others, and the quotes that are in the
    conversation of the prompt.

    Raises
    ------
    UnreadableAnalysis
        There is none, or a field is missing or not valid.
    """
    if len(content) > MAX_CONTENT_CHARS:
        raise UnreadableAnalysis(f"longer than {MAX_CONTENT_CHARS} characters")
    fault = "no JSON object"
    for found in _objects(content):
        try:
            return _parsed(found, prompt)
        except UnreadableAnalysis as error:
            fault = str(error)
    raise UnreadableAnalysis(fault)


def _objects(content: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects in a text from left to right, with nested objects after outer ones."""
    # Python refuses integers of more than 4,300 digits. An analysis contains no number.
    decoder = json.JSONDecoder(parse_int=float)
    start = content.find("{")
    for _ in range(_MAX_STARTS):
        if start < 0:
            return
        try:
            found, _ = decoder.raw_decode(content, start)
            yield found
        except (ValueError, RecursionError):
            pass
        start = content.find("{", start + 1)


def _parsed(found: dict[str, Any], prompt: Prompt) -> ParsedAnswer:
    summary, sentiment = (
        _summary(found.get(schema.SUMMARY)),
        _sentiment(found.get(schema.SENTIMENT)),
    )
    names, topics = _names(found.get(schema.TOPICS)), prompt.profile.topics
    fields = field_values(found, prompt.profile)
    verified, unverified = _quotes(found.get(schema.QUOTES), prompt)
    analysis = Analysis(
        summary=summary,
        sentiment=sentiment,
        topics=topic_names.mapped(names, topics),
        fields=fields.counted,
        text_fields=fields.texts,
        quotes=verified,
        unverified_quotes=unverified,
        proposed_topic=_proposed(found.get(schema.PROPOSED_TOPIC), names, topics),
    )
    return ParsedAnswer(analysis, fields.invalid)


def _summary(value: object) -> str:
    text = value if isinstance(value, str) else ""
    summary = plain_text.shortened(text, schema.MAX_ANSWER_SUMMARY_CHARS)
    if not summary:
        raise UnreadableAnalysis("no summary")
    return summary


def _sentiment(value: object) -> Sentiment:
    word = value.strip().strip(".!").lower() if isinstance(value, str) else ""
    try:
        return _SENTIMENTS[_DEGREES.sub("", word)]
    except KeyError:
        raise UnreadableAnalysis("no sentiment") from None


def _names(value: object) -> list[str]:
    """Return topics in snake_case. A text is split at commas."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        raise UnreadableAnalysis("no topics")
    slugs = (plain_text.slug(topic) for topic in value[:_MAX_NAMES] if isinstance(topic, str))
    return [slug for slug in slugs if slug]


def _proposed(value: object, names: list[str], topics: Topics) -> str | None:
    """Return the proposed label if topics are closed: the one proposed, or a topic without one."""
    if topics.mode is TopicMode.OPEN:
        return None
    proposals = [value] if isinstance(value, str) else []
    labels = [plain_text.label(text) for text in (*proposals, *names)]
    found = topic_names.unknown([label for label in labels if label], topics)
    return next((label for label in found if label not in _NO_PROPOSALS), None)


def _quotes(value: object, prompt: Prompt) -> tuple[tuple[Quote, ...], int]:
    """Return the verified quotes, and the number of others. They are only read if asked for."""
    if not prompt.profile.quotes or value is None:
        return (), 0
    claims = value if isinstance(value, list) else [value]
    return quotes.verified(claims, prompt.text, prompt.turns, prompt.placeholders)
