"""The profile of a run: read from a file, and applied to the topics of answers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from grok_insights.domain.profile import BUILT_IN, OTHER, Profile, TopicMode
from grok_insights.validation import faults_of
from scripts.evaluate.labelled import BadData


def load_profile(path: Path | None) -> Profile:
    """Return the profile in a JSON file, or the built-in one without a file.

    Raises
    ------
    BadData
        The file cannot be read, or the profile is not valid.
    """
    if path is None:
        return BUILT_IN
    try:
        return Profile.model_validate({"version": 1, **json.loads(path.read_text("utf-8"))})
    except (OSError, UnicodeDecodeError, TypeError, json.JSONDecodeError) as error:
        raise BadData(f"{path} cannot be read as JSON: {error}") from None
    except ValidationError as error:
        faults = "; ".join(f"{it.location}: {it.message}" for it in faults_of(error.errors()))
        raise BadData(f"{path} is not a profile: {faults}") from None


def labelled_topics(topics: Iterable[str], profile: Profile) -> tuple[str, ...]:
    """Return topics with aliases replaced by their labels, each once.

    If the profile's topics are closed, topics without a label are left out, and a conversation
    without any label has the topic ``other``.
    """
    labels = {name: label.name for label in profile.topics.labels for name in label.aliases}
    labels |= {label.name: label.name for label in profile.topics.labels}
    if profile.topics.mode is TopicMode.OPEN:
        return tuple(dict.fromkeys(labels.get(topic, topic) for topic in topics))
    known = dict.fromkeys(labels[topic] for topic in topics if topic in labels)
    return tuple(known) or (OTHER,)
