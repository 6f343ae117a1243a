"""Parses the analysis in Grok's text. It tolerates other formats, but requires every field.

The schema prescribes one format, but models and gateways sometimes do not follow it. Pure.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

from grok_insights.domain.insight import MAX_TOPICS, Analysis, Sentiment
from grok_insights.grok.schema import MAX_ANSWER_SUMMARY_CHARS, MAX_TOPIC_CHARS

MAX_CONTENT_CHARS: Final = 50_000
"""A longer answer is refused without parsing. A good one has about 500 characters."""

JOINERS: Final = "\u200c\u200d"
"""Characters that emoji and some scripts, such as Persian, need."""

FILLERS: Final = "\u115f\u1160\u2800\u3164\uffa0"
"""Invisible letters and symbols: Hangul fillers and the empty Braille pattern."""

_MAX_STARTS: Final = 200
"""How many braces in a text are tried as the start of the object."""


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
_DEGREES: Final = re.compile(r"^(?:very|highly|mostly|slightly|somewhat|rather|overall)[ _-]+")


def parse_analysis(content: str) -> Analysis:
    """Return the analysis in a text: plain JSON, fenced JSON, or JSON inside prose.

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
            return _analysis(found)
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


def _analysis(found: dict[str, Any]) -> Analysis:
    return Analysis(
        summary=_summary(found.get("summary")),
        sentiment=_sentiment(found.get("sentiment")),
        topics=_topics(found.get("topics")),
    )


def _summary(value: object) -> str:
    words = cleaned(value) if isinstance(value, str) else ""
    if not any(map(_is_visible, words)):
        raise UnreadableAnalysis("no summary")
    return (
        words
        if len(words) <= MAX_ANSWER_SUMMARY_CHARS
        else words[: MAX_ANSWER_SUMMARY_CHARS - 1] + "…"
    )


def cleaned(text: str) -> str:
    """Return a text that can be stored and shown: one line without invisible characters.

    Half a surrogate pair cannot be stored as UTF-8. Because of control characters and direction
    marks, a page can show something else than the text.
    """
    storable = text.encode(errors="replace").decode()
    kept = (char for char in storable if char in JOINERS or not _is_hidden(char))
    return " ".join("".join(kept).split())


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf"} and not char.isspace()


def _is_visible(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNPS" and char not in FILLERS


def _sentiment(value: object) -> Sentiment:
    word = value.strip().strip(".!").lower() if isinstance(value, str) else ""
    try:
        return _SENTIMENTS[_DEGREES.sub("", word)]
    except KeyError:
        raise UnreadableAnalysis("no sentiment") from None


def _topics(value: object) -> tuple[str, ...]:
    """Return up to five topics in snake_case, without duplicates. A text is split at commas."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        raise UnreadableAnalysis("no topics")
    slugs = (_slug(topic) for topic in value if isinstance(topic, str))
    return tuple(dict.fromkeys(slug for slug in slugs if slug))[:MAX_TOPICS]


def _slug(topic: str) -> str:
    plain = unicodedata.normalize("NFKC", cleaned(topic)).lower()
    slug = "_".join(re.findall(r"[^\W_]+", plain))
    return slug[:MAX_TOPIC_CHARS].rstrip("_")
