"""Reads the active profile, and keeps the version that was read last: a version never changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from grok_insights.aws.dynamodb.attributes import Item
from grok_insights.aws.state.names import PROFILE, profile_version, segment
from grok_insights.aws.state.parsing import UnreadableAttribute
from grok_insights.aws.state.profile_items import (
    NO_POINTER,
    parse_pointer,
    parse_profile,
    seen_values,
)
from grok_insights.domain.profile import BUILT_IN, Profile
from grok_insights.domain.segments import NO_VALUES, ActiveProfile
from grok_insights.flow.pauses import Damage

T = TypeVar("T")
Items = Mapping[str, Item]
"""Items of the State table by their ids."""

Fetch = Callable[[Sequence[str]], Items]
"""Reads items of the State table by their ids."""


@dataclass(slots=True)
class ActiveProfileReader:
    """Reads the active profile. ``last`` is the version that was read last."""

    last: Profile = BUILT_IN

    def ids(self) -> list[str]:
        """Return the ids of the items to read together with the other state."""
        return [PROFILE, *map(segment, self.last.segments)]

    def read(self, items: Items, fetch: Fetch) -> tuple[ActiveProfile, tuple[Damage, ...]]:
        """Return the active profile, and what is damaged.

        ``items`` are those of `ids`. The items of a version are fetched only if it is not the one
        that was read last. If the profile is damaged, the result is the built-in one, and the
        damage pauses calls.
        """
        damage: list[Damage] = []
        profile = self._profile(items, fetch, damage)
        if profile.segments and profile != self.last:
            items = fetch([*map(segment, profile.segments)])
        self.last = profile
        values = {name: _seen(items, name, damage) for name in profile.segments}
        return ActiveProfile(profile, values), tuple(damage)

    def _profile(self, items: Items, fetch: Fetch, damage: list[Damage]) -> Profile:
        pointer = NO_POINTER
        if PROFILE in items:
            found = _parsed(PROFILE, lambda: parse_pointer(items[PROFILE]), damage)
            if found is None:
                return BUILT_IN
            pointer = found
        for known in (self.last, BUILT_IN):
            if known.version == pointer.active:
                return known
        name = profile_version(pointer.active)
        item = fetch([name]).get(name, {})
        return _parsed(name, lambda: parse_profile(item, pointer.active), damage) or BUILT_IN


def _seen(items: Items, name: str, damage: list[Damage]) -> frozenset[str]:
    identity = segment(name)
    item = items.get(identity, {})
    return _parsed(identity, lambda: seen_values(item), damage) or NO_VALUES


def _parsed(name: str, parse: Callable[[], T], damage: list[Damage]) -> T | None:
    try:
        return parse()
    except UnreadableAttribute as error:
        damage.append(Damage(name, error.attribute, error.fault))
        return None
