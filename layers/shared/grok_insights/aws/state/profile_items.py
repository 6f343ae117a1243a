"""Converts the items of the profile in the State table: the pointer, versions, segment values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import ValidationError

from grok_insights.aws.dynamodb.attributes import Item, text
from grok_insights.aws.state.names import profile_version
from grok_insights.aws.state.parsing import UnreadableAttribute, whole_number
from grok_insights.domain import timestamps
from grok_insights.domain.profile import BUILT_IN, Profile
from grok_insights.domain.profile_rules import profile_faults

if TYPE_CHECKING:
    from datetime import datetime


class Pointer(NamedTuple):
    """The active version of the profile, and the newest one, which may be a draft."""

    active: int
    newest: int


NO_POINTER: Final = Pointer(BUILT_IN.version, BUILT_IN.version)
"""The pointer of a stack that has no version but the built-in one."""


@dataclass(frozen=True, slots=True)
class ProfileVersion:
    """A version of the profile. ``created_at`` is None for the built-in one."""

    version: int
    note: str
    created_at: str | None


BUILT_IN_VERSION: Final = ProfileVersion(BUILT_IN.version, "the built-in profile", None)


def parse_pointer(item: Item) -> Pointer:
    """Return the pointer of an item.

    Raises
    ------
    UnreadableAttribute
        A version is missing or damaged.
    """
    pointer = Pointer(whole_number(item, "active"), whole_number(item, "newest"))
    if not pointer.active:
        raise UnreadableAttribute("active", "is not a version")
    if pointer.newest < pointer.active:
        raise UnreadableAttribute("newest", "is less than active")
    return pointer


def parse_profile(item: Item, version: int) -> Profile:
    """Return the profile of an item. Its rules are checked again.

    Raises
    ------
    UnreadableAttribute
        The document is missing or damaged.
    """
    document = item.get("document", {}).get("S")
    if document is None:
        raise UnreadableAttribute("document", "is missing")
    try:
        profile = Profile.model_validate_json(document)
    except ValidationError:
        raise UnreadableAttribute("document", "is not a profile") from None
    if profile.version != version:
        raise UnreadableAttribute("document", "is of another version")
    if profile_faults(profile):
        raise UnreadableAttribute("document", "breaks a rule of profiles")
    return profile


def parse_version(item: Item) -> ProfileVersion:
    """Return what a list shows of a version.

    Call this with `parsed`, since a damaged item raises many kinds of errors.
    """
    number = int(item["id"]["S"].partition("#")[2])
    return ProfileVersion(number, item["note"]["S"], item["created_at"]["S"])


def version_item(profile: Profile, now: datetime) -> dict[str, Any]:
    """Return the item of a version."""
    return {
        "id": text(profile_version(profile.version)),
        "document": text(profile.as_json()),
        "note": text(profile.note),
        "created_at": text(timestamps.to_text(now)),
    }


def seen_values(item: Item) -> frozenset[str]:
    """Return the known values of a segment.

    Raises
    ------
    UnreadableAttribute
        They are not a set of texts.
    """
    seen = item.get("seen", {"SS": []}).get("SS")
    if seen is None:
        raise UnreadableAttribute("seen", "is not a set of texts")
    return frozenset(seen)
