"""What the mock answers to a profile: its fields, closed topics and quotes, always the same.

The rules look for words, so that a demonstration is plausible. Where no word helps, a checksum of
the field's name and the text chooses a value: it means nothing, and fills charts.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from zlib import crc32

from grok_insights.domain import quotes, topic_names
from grok_insights.domain.insight import Analysis, FieldValue, Quote, Sentiment
from grok_insights.domain.profile import (
    OTHER,
    BooleanField,
    EnumField,
    IntegerField,
    ProfileField,
    TextField,
    TopicMode,
)
from grok_insights.grok import plain_text
from grok_insights.grok.heuristics import word_lists

if TYPE_CHECKING:
    from grok_insights.domain.profile import Label, Profile
    from grok_insights.grok.prompt import Prompt

_LONG_WORD: Final = 4
_SENTENCE_END: Final = re.compile(r"(?<=[.!?\u2026\u3002\uff01\uff1f])\s+|\n+")
_MASK: Final = re.compile(r"\[\w+\]")
_WORD: Final = re.compile(r"[^\W_]+")

_ASKS_IF_SOLVED: Final = re.compile(r"resol|solv|fixed")
_SOLVED: Final = re.compile(
    r"works now|working now|sorted|that fixed|thank|perfect|great", re.IGNORECASE
)
_UNSOLVED: Final = re.compile(
    r"\bstill\b|not working|doesn't work|no (?:reply|answer)", re.IGNORECASE
)
_ASKS_IF_LEAVING: Final = re.compile(r"churn|leav|cancel")
_LEAVING: Final = re.compile(
    r"\bcancel|\bswitch|competitor|close my account|never again|\bleaving\b", re.IGNORECASE
)


def with_profile(analysis: Analysis, prompt: Prompt) -> Analysis:
    """Return an analysis by the heuristics with what the prompt's profile asks for."""
    profile = prompt.profile
    names = _topics(analysis.topics, prompt)
    topics = topic_names.mapped(names, profile.topics)
    verified, unverified = _quotes(analysis.summary, prompt) if profile.quotes else ((), 0)
    counted, texts = _field_values(analysis.sentiment, prompt.text, profile)
    return replace(
        analysis,
        topics=topics,
        proposed_topic=_proposed(analysis.topics, topics, profile),
        fields=counted,
        text_fields=texts,
        quotes=verified,
        unverified_quotes=unverified,
    )


def _topics(found: tuple[str, ...], prompt: Prompt) -> list[str]:
    """Return the topics, and if they are closed also the labels whose words are in the text."""
    topics = prompt.profile.topics
    if topics.mode is TopicMode.OPEN:
        return list(found)
    words = _words(prompt.text)
    return [*found, *(label.name for label in topics.labels if _applies(label, words))]


def _applies(label: Label, words: frozenset[str]) -> bool:
    """Return whether all words of a name, or half of the description's, are in the text."""
    names = (set(name.split("_")) for name in (label.name, *label.aliases))
    if any(name <= words for name in names):
        return True
    described = _long_words(label.description)
    return bool(described) and 2 * len(described & words) >= len(described)


def _proposed(found: tuple[str, ...], topics: tuple[str, ...], profile: Profile) -> str | None:
    if profile.topics.mode is TopicMode.OPEN or topics != (OTHER,):
        return None
    labels = (plain_text.label(topic) for topic in topic_names.unknown(found, profile.topics))
    return next((label for label in labels if label), None)


def _quotes(summary: str, prompt: Prompt) -> tuple[tuple[Quote, ...], int]:
    """Return the sentences of the summary, which are the customer's own, as quotes."""
    sentences = (part for part in _SENTENCE_END.split(summary) if part)
    claims = [max(_MASK.split(sentence), key=len) for sentence in sentences]
    short = [claim[: quotes.MAX_QUOTE_CHARS] for claim in claims]
    return quotes.verified(short, prompt.text, prompt.turns, prompt.placeholders)


def _field_values(
    sentiment: Sentiment, text: str, profile: Profile
) -> tuple[dict[str, FieldValue | None], dict[str, str | None]]:
    counted: dict[str, FieldValue | None] = {}
    texts: dict[str, str | None] = {}
    for field in profile.fields:
        if isinstance(field, TextField):
            texts[field.name] = _text(field, text)
        else:
            counted[field.name] = _counted(field, text, sentiment)
    return counted, texts


def _text(field: TextField, text: str) -> str | None:
    """Return the first sentence that has a word of the field's name or description."""
    wanted = _long_words(f"{field.name} {field.description}")
    for sentence in _SENTENCE_END.split(text):
        if wanted & _words(sentence):
            return plain_text.shortened(sentence, field.max_length) or None
    return None


def _counted(field: ProfileField, text: str, sentiment: Sentiment) -> FieldValue | None:
    about = f"{field.name} {field.description}".lower()
    match field:
        case BooleanField() if _ASKS_IF_SOLVED.search(about):
            return _is_solved(text, sentiment)
        case EnumField(values=values) if _ASKS_IF_LEAVING.search(about):
            return values[_leaving(text, sentiment) * (len(values) - 1) // 2]
        case EnumField(values=values):
            words = _words(text)
            named = [value for value in values if set(value.split("_")) <= words]
            return named[0] if named else _chosen(field.name, text, (None, *values))
        case IntegerField(minimum=minimum, maximum=maximum):
            return _chosen(field.name, text, tuple(range(minimum, maximum + 1)))
        case _:
            return _chosen(field.name, text, (None, True, False))


def _is_solved(text: str, sentiment: Sentiment) -> bool | None:
    if sentiment is Sentiment.NEGATIVE or _UNSOLVED.search(text):
        return False
    return True if sentiment is Sentiment.POSITIVE or _SOLVED.search(text) else None


def _leaving(text: str, sentiment: Sentiment) -> int:
    """Return how likely the customer leaves: 0, 1 or 2."""
    return 2 if _LEAVING.search(text) else int(sentiment is Sentiment.NEGATIVE)


def _chosen(name: str, text: str, values: tuple[FieldValue | None, ...]) -> FieldValue | None:
    return values[crc32(f"{name}\n{text}".encode(errors="replace")) % len(values)]


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))


def _long_words(text: str) -> frozenset[str]:
    stopwords = word_lists.words("stopwords.txt")
    return frozenset(w for w in _words(text) if len(w) >= _LONG_WORD and w not in stopwords)
