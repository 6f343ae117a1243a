"""Finds the topics of a conversation: concerns that support desks know, then nouns of the customer.

Both lead to the canonical topics. A noun that leads to none is a topic only if it is repeated, or
if the conversation has no other topic.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from grok_insights.domain.insight import MAX_TOPICS
from grok_insights.grok.heuristics import word_lists
from grok_insights.grok.heuristics.canonical_topics import (
    NO_TOPIC,
    canonical_topic,
    without_ignored,
)
from grok_insights.grok.heuristics.phrases import noun_phrases, proper_names, singular
from grok_insights.grok.heuristics.transcript import Transcript

MAX_TOPICS_OF_SHORT = 3

_CONCEPT_BASE = 3.0
_MIN_MENTIONS = 0.6
_MIN_PHRASE_SCORE, _MIN_CANONICAL_SCORE = 2.0, 1.0
"""A phrase with a lower score was said once, late, and without a determiner."""

_SURE_SCORE, _ENOUGH_TOPICS = 2.6, 2
_MIN_REPETITIONS = 2
_SHORT_WORDS = 12


def topics_of(transcript: Transcript) -> tuple[str, ...]:
    """Return up to five snake_case topics, the most important first; empty if there are none."""
    said = " \n ".join(turn.text for turn in transcript.customer_turns)
    heard = " \n ".join(turn.text for turn in transcript.turns)
    concepts, covered = _concepts(_plain_lower(said), _plain_lower(heard))
    phrases = _phrases(said, transcript.names | proper_names(heard), covered)
    scores = phrases | concepts
    ranked = sorted(_significant(scores), key=lambda topic: (-scores[topic], topic))
    limit = MAX_TOPICS if len(said.split()) > _SHORT_WORDS else MAX_TOPICS_OF_SHORT
    return tuple(_distinct(ranked))[:limit]


def _concepts(mine: str, all_of_it: str) -> tuple[dict[str, float], set[str]]:
    """Return the scores of the known concerns as canonical topics, and the words of their matches.

    A concern that only the agent names scores less, and is left out if it is named once.
    """
    scores, covered = dict[str, float](), set[str]()
    for concept, pattern in _concept_table():
        own = list(pattern.finditer(mine))
        heard = len(pattern.findall(all_of_it)) if all_of_it != mine else len(own)
        total = 0.7 * len(own) + 0.3 * heard
        if total >= _MIN_MENTIONS:
            early = 1.0 - own[0].start() / len(mine) if own else -2.0
            score = _CONCEPT_BASE + math.log1p(total) + early + 0.5 * concept.count("_")
            topic = canonical_topic(concept) or concept
            scores[topic] = max(score, scores.get(topic, score))
            covered |= {singular(word) for match in own for word in match[0].split()}
            covered |= set(concept.split("_"))
    return scores, covered


@cache
def _concept_table() -> list[tuple[str, re.Pattern[str]]]:
    return [
        (topic, re.compile(rf"\b(?:{pattern})(?!\w)"))
        for topic, pattern in word_lists.pairs("concepts.txt")
    ]


def _phrases(said: str, names: frozenset[str], covered: set[str]) -> dict[str, float]:
    """Return the scores of the topics of noun phrases, without phrases with a word in ``covered``.

    A phrase scores more after a determiner, near the beginning, and when it is repeated.
    """
    counts: Counter[str] = Counter()
    scores = {NO_TOPIC: 0.0}
    for position, (phrase, is_introduced) in enumerate(noun_phrases(without_ignored(said), names)):
        if covered.isdisjoint(phrase.split("_")):
            topic = canonical_topic(phrase) or phrase
            counts[topic] += 1
            gain = 1.6 if is_introduced else 0.7
            early = 0.5 / (1 + position / 4) + 0.3 * phrase.count("_")
            scores[topic] = scores.get(topic, early) + gain * (1.0 if counts[topic] < 4 else 0.3)
    del scores[NO_TOPIC]
    heard = {topic: score for topic, score in scores.items() if score >= _min_score(topic)}
    known = {topic for topic in heard if _is_canonical(topic) or counts[topic] >= _MIN_REPETITIONS}
    return {topic: heard[topic] for topic in known} if known or covered else heard


def _min_score(topic: str) -> float:
    return _MIN_CANONICAL_SCORE if _is_canonical(topic) else _MIN_PHRASE_SCORE


def _is_canonical(topic: str) -> bool:
    return canonical_topic(topic) == topic


def _significant(scores: dict[str, float]) -> list[str]:
    """Leave out phrases that were said once, unless there are few other topics."""
    strong = [topic for topic, score in scores.items() if score >= _SURE_SCORE]
    return strong if len(strong) >= _ENOUGH_TOPICS else list(scores)


def _distinct(ranked: list[str]) -> Iterator[str]:
    """Yield topics in order, without those whose words are all in a longer one: "fee"."""
    kept: list[set[str]] = []
    for topic in ranked:
        words = set(topic.split("_"))
        others = [set(other.split("_")) for other in ranked[:MAX_TOPICS] if other != topic]
        if not any(words < other for other in others) and words not in kept:
            kept.append(words)
            yield topic


def _plain_lower(text: str) -> str:
    return text.lower().replace("\u2019", "'")
