"""The rules of a profile that concern several of its parts. Each fault names its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from grok_insights.domain.profile import (
    MAX_INTEGER_VALUES,
    OTHER,
    EnumField,
    IntegerField,
    Label,
    NewProfile,
    ProfileField,
    TopicMode,
)
from grok_insights.errors import Fault
from grok_insights.validation import MAX_FAULTS, fault

MAX_PROMPT_CHARS: Final = 20_000
"""Characters of all that a profile adds to each prompt, about 5,000 tokens: the instructions, and
the names, descriptions and values of labels and fields."""

Place = tuple[str | int, ...]


def profile_faults(profile: NewProfile, *parents: str) -> tuple[Fault, ...]:
    """Return what is wrong with a profile, and no value of it: the first five faults.

    Parameters
    ----------
    profile : NewProfile
        A profile whose fields are valid one by one.
    parents : str
        The names that the profile stands under: ``body``.
    """
    found = [fault(message, *parents, *place) for place, message in _faults(profile)]
    return tuple(found[:MAX_FAULTS])


def prompt_chars(profile: NewProfile) -> int:
    """Return the number of characters that a profile adds to each prompt."""
    texts = [profile.instructions]
    for part in (*profile.topics.labels, *profile.fields):
        texts += [part.name, part.description]
        texts += part.values if isinstance(part, EnumField) else ()
    return sum(map(len, texts))


def _faults(profile: NewProfile) -> Iterator[tuple[Place, str]]:
    if profile.instructions and not profile.instructions.strip():
        yield ("instructions",), "must not be blank"
    yield from _topic_faults(profile)
    yield from _field_faults(profile.fields)
    yield from _repeated(profile.segments, ("segments",))
    if prompt_chars(profile) > MAX_PROMPT_CHARS:
        yield (
            (),
            "must have at most 20,000 characters in instructions, and in names, descriptions and"
            " values of labels and fields",
        )


def _topic_faults(profile: NewProfile) -> Iterator[tuple[Place, str]]:
    labels = profile.topics.labels
    if profile.topics.mode is TopicMode.CLOSED and not labels:
        yield ("topics", "labels"), "must have a label if the mode is closed"
    names: set[str] = set()
    for at, label in enumerate(labels):
        yield from _name_faults(label.name, names, ("topics", "labels", at, "name"))
    for at, label in enumerate(labels):
        yield from _alias_faults(label, names, ("topics", "labels", at, "aliases"))


def _alias_faults(label: Label, names: set[str], place: Place) -> Iterator[tuple[Place, str]]:
    for at, alias in enumerate(label.aliases):
        yield from _name_faults(alias, names, (*place, at))


def _name_faults(name: str, names: set[str], place: Place) -> Iterator[tuple[Place, str]]:
    """Yield what is wrong with the name of a topic, and add it to the known names."""
    if name == OTHER:
        yield place, "must not be other, which is the topic where no label applies"
    elif name in names:
        yield place, "must differ from all other labels and aliases"
    names.add(name)


def _field_faults(fields: Sequence[ProfileField]) -> Iterator[tuple[Place, str]]:
    names = [one.name for one in fields]
    for place, message in _repeated(names, ("fields",)):
        yield (*place, "name"), message
    for at, one in enumerate(fields):
        if isinstance(one, EnumField):
            yield from _repeated(one.values, ("fields", at, "values"))
        if isinstance(one, IntegerField):
            yield from _range_faults(one, ("fields", at, "maximum"))


def _range_faults(one: IntegerField, place: Place) -> Iterator[tuple[Place, str]]:
    if one.maximum < one.minimum:
        yield place, "must be at least the minimum"
    elif one.maximum - one.minimum >= MAX_INTEGER_VALUES:
        yield place, f"must be at most {MAX_INTEGER_VALUES - 1} more than the minimum"


def _repeated(names: Sequence[str], place: Place) -> Iterator[tuple[Place, str]]:
    for at, name in enumerate(names):
        if name in names[:at]:
            yield (*place, at), "must differ from the others of the list"
