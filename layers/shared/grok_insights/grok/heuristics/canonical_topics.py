"""Maps what a conversation is about to a fixed list of topics, so that synonyms are one topic.

The list and the words that lead to each topic are in ``words/canonical_topics.txt``.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from grok_insights.grok.heuristics import word_lists

NO_TOPIC: Final = "-"
"""What a phrase leads to that says nothing about a conversation, such as "phone number"."""


def canonical_topic(found: str) -> str | None:
    """Return the topic that a phrase in snake_case leads to, or None if the list has none.

    The whole phrase wins over its last word, and that over its other words.

    Examples
    --------
    >>> canonical_topic("travel_insurance"), canonical_topic("kitchen_oven")
    ('insurance', 'device')
    """
    topics = topic_by_phrase()
    return next((topics[key] for key in _keys(found) if key in topics), None)


def _keys(found: str) -> Iterator[str]:
    yield found
    yield from reversed(found.split("_"))


@cache
def topic_by_phrase() -> dict[str, str]:
    """Return the topic of each phrase of the list. Phrases are in snake_case."""
    return {
        phrase.strip().replace(" ", "_"): topic
        for topic, phrases in word_lists.pairs("canonical_topics.txt")
        for phrase in phrases.split(",")
    }


def without_ignored(text: str) -> str:
    """Return a text with a comma for each phrase of several words that leads to `NO_TOPIC`."""
    return _ignored().sub(",", text)


@cache
def _ignored() -> re.Pattern[str]:
    phrases = (phrase for phrase, topic in topic_by_phrase().items() if topic == NO_TOPIC)
    several = "|".join(phrase.replace("_", " ") for phrase in phrases if "_" in phrase)
    return re.compile(rf"\b(?:{several})s?\b", re.IGNORECASE)
