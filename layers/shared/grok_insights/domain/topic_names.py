"""Maps the topics of an analysis to the labels of a profile. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from grok_insights.domain.insight import MAX_TOPICS
from grok_insights.domain.profile import OTHER, TopicMode, Topics

_CACHED_PROFILES: Final = 16


@lru_cache(_CACHED_PROFILES)
def labels_by_name(topics: Topics) -> Mapping[str, str]:
    """Return the label of each label and alias."""
    aliases = {alias: label.name for label in topics.labels for alias in label.aliases}
    return aliases | {label.name: label.name for label in topics.labels}


def mapped(names: Iterable[str], topics: Topics) -> tuple[str, ...]:
    """Return up to five topics in their order, each once, with labels instead of aliases.

    If the topics are closed, a name without a label is left out, and ``other`` is the topic of a
    conversation to which no label applies.
    """
    labels = labels_by_name(topics)
    if topics.mode is TopicMode.OPEN:
        return tuple(dict.fromkeys(labels.get(name, name) for name in names))[:MAX_TOPICS]
    known = dict.fromkeys(labels[name] for name in names if name in labels)
    return tuple(known)[:MAX_TOPICS] or (OTHER,)


def unknown(names: Iterable[str], topics: Topics) -> tuple[str, ...]:
    """Return the names that are no label, no alias and not ``other``."""
    labels = labels_by_name(topics)
    return tuple(name for name in names if name not in labels and name != OTHER)
