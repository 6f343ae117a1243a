"""Segments: values of a conversation's metadata that are copied to its insight and counted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from grok_insights.domain.profile import BUILT_IN, MAX_SEGMENT_CHARS, OTHER, Profile

MAX_SEGMENT_VALUES: Final = 50
"""Different values of one segment: the first ones that were seen. Others count as ``other``."""

NO_VALUES: Final[frozenset[str]] = frozenset()


class WithMetadata(Protocol):
    """A conversation, or as much of it as segments need."""

    @property
    def metadata(self) -> dict[str, Any] | None:
        """Return what the client sent as metadata."""


@dataclass(frozen=True, slots=True)
class ActiveProfile:
    """The profile of a wave, and the known values of its segments, by name."""

    profile: Profile = BUILT_IN
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def segments(self, conversation: WithMetadata) -> dict[str, str]:
        """Return the segments of the insight of a conversation.

        A value that is not known is ``other``. Without a value, there is no segment.
        """
        return {
            name: value if value in self.values.get(name, NO_VALUES) else OTHER
            for name, value in segment_values(conversation, self.profile).items()
        }

    def unknown(self, conversation: WithMetadata) -> set[tuple[str, str]]:
        """Return the segments of a conversation that may become known, with their values."""
        return {
            (name, value)
            for name, value in segment_values(conversation, self.profile).items()
            if value != OTHER
            and value not in (known := self.values.get(name, NO_VALUES))
            and len(known) < MAX_SEGMENT_VALUES
        }

    def knowing(self, conversations: Iterable[WithMetadata]) -> ActiveProfile:
        """Return the profile as it is after the new values of conversations became known."""
        active = self
        for conversation in conversations:
            for name, value in sorted(active.unknown(conversation)):
                seen = active.values.get(name, NO_VALUES) | {value}
                active = replace(active, values={**active.values, name: seen})
        return active


def segment_values(conversation: WithMetadata, profile: Profile) -> dict[str, str]:
    """Return the values of a conversation's metadata for the segments of a profile."""
    metadata = conversation.metadata or {}
    values = {name: segment_value(metadata.get(name)) for name in profile.segments}
    return {name: value for name, value in values.items() if value is not None}


def segment_value(value: Any) -> str | None:
    """Return a value of the metadata as a segment; None if it cannot be one.

    Numbers, true and false are texts as in JSON. Objects, arrays, null, blank texts and texts of
    more than 64 characters are no segments.

    Examples
    --------
    >>> segment_value("chat"), segment_value(2), segment_value(True), segment_value(["chat"])
    ('chat', '2', 'true', None)
    """
    if isinstance(value, bool | int | float):
        value = json.dumps(value)
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_SEGMENT_CHARS:
        return None
    return None if _has_half_surrogate(value) else value


def _has_half_surrogate(value: str) -> bool:
    """Return whether a text cannot be stored, since it has no form in UTF-8."""
    return any("\ud800" <= letter <= "\udfff" for letter in value)
