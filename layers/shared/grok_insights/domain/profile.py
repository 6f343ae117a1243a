"""The profile: what Grok is asked about each conversation. Analysts change it."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from grok_insights.validation import NOT_BLANK, SNAKE_CASE, Model, WholeNumber

MAX_LABELS: Final = 100
MAX_ALIASES: Final = 20
MAX_FIELDS: Final = 10
MAX_FIELD_VALUES: Final = 8
MAX_INTEGER_VALUES: Final = 11
MAX_SEGMENTS: Final = 3
MAX_SEGMENT_CHARS: Final = 64
"""Characters of the value of a segment."""
MAX_VERSION: Final = 1_000_000
MAX_INTEGER: Final = 1_000_000
"""The largest bound of a field with whole numbers."""

MAX_LABEL_CHARS: Final = 40

LABEL: Final = SNAKE_CASE
"""The pattern of a label, of a field and of a value of a field: snake_case."""

OTHER: Final = "other"
"""The topic of a conversation to which no label applies, and the segment of a rare value."""

Slug = Annotated[str, Field(pattern=LABEL, max_length=MAX_LABEL_CHARS)]
Description = Annotated[str, Field(max_length=300)]
Bound = Annotated[int, Field(strict=True, ge=-MAX_INTEGER, le=MAX_INTEGER)]


class TopicMode(StrEnum):
    """Whether Grok chooses topics freely, or only from the labels."""

    OPEN = "open"
    CLOSED = "closed"


class Label(Model):
    """A topic, with other names for it that are mapped to it."""

    name: Slug = Field(description="The name of the topic.")
    description: Description = Field("", description="When it applies. Grok reads this.")
    aliases: tuple[Slug, ...] = Field(
        (), max_length=MAX_ALIASES, description="Other names, which count as this topic."
    )


class Topics(Model):
    """The topics that Grok may name."""

    mode: TopicMode = Field(TopicMode.OPEN, description="Free topics, or only the labels.")
    labels: tuple[Label, ...] = Field((), max_length=MAX_LABELS, description="The known topics.")

    def names(self) -> frozenset[str]:
        """Return the names and the aliases of all labels."""
        return frozenset(name for label in self.labels for name in (label.name, *label.aliases))


class _Field(Model):
    name: Slug = Field(description="The name of the field.")
    description: Description = Field("", description="What it means. Grok reads this.")


class BooleanField(_Field):
    """A field that is true or false."""

    type: Literal["boolean"] = Field(description="`boolean`.")


class EnumField(_Field):
    """A field with one of a few values."""

    type: Literal["enum"] = Field(description="`enum`.")
    values: tuple[Slug, ...] = Field(
        min_length=1, max_length=MAX_FIELD_VALUES, description="The possible values."
    )


class IntegerField(_Field):
    """A field with a whole number from a small range."""

    type: Literal["integer"] = Field(description="`integer`.")
    minimum: Bound = Field(description="The smallest number.")
    maximum: Bound = Field(description="The largest number: at most 10 more than the smallest.")


class TextField(_Field):
    """A field with a text. It is never counted."""

    type: Literal["text"] = Field(description="`text`.")
    max_length: int = Field(
        80, strict=True, ge=1, le=500, description="The largest number of characters."
    )


ProfileField = Annotated[
    BooleanField | EnumField | IntegerField | TextField, Field(discriminator="type")
]


class ByVersion(Model):
    """The path of one version of the profile."""

    version: WholeNumber = Field(ge=1, le=MAX_VERSION, description="The number of the version.")


class ByTopic(Model):
    """The path of one proposed topic."""

    topic: Slug = Field(description="The name of the proposed topic.")


class NewProfile(Model):
    """What is asked about each conversation. Every field may be left out."""

    note: str = Field("", max_length=300, description="What changed, for people.")
    instructions: str = Field(
        "",
        max_length=2_000,
        description=(
            "Instructions for Grok. Empty for those of the setting `GROK_SYSTEM_PROMPT`, or for "
            "the built-in ones."
        ),
    )
    topics: Topics = Field(default_factory=Topics, description="The topics.")
    fields: tuple[ProfileField, ...] = Field(
        (), max_length=MAX_FIELDS, description="The questions of the team."
    )
    quotes: bool = Field(False, strict=True, description="Whether Grok quotes the conversation.")
    segments: tuple[Annotated[str, Field(pattern=NOT_BLANK, max_length=64)], ...] = Field(
        (), max_length=MAX_SEGMENTS, description="Keys of the metadata that are counted."
    )


class Profile(NewProfile):
    """One version of the profile."""

    version: int = Field(strict=True, ge=1, description="The number of the version.")

    def as_json(self) -> str:
        """Return the profile as compact JSON. Equal profiles have the same text."""
        document = {"version": self.version, **self.model_dump(mode="json", exclude={"version"})}
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"))

    def is_like(self, other: NewProfile) -> bool:
        """Return whether another profile has the same content, whatever its version."""
        contents = [one.model_dump(exclude={"version"}) for one in (self, other)]
        return contents[0] == contents[1]


BUILT_IN: Final = Profile(version=1)
"""The profile of a new stack: a summary, the sentiment and free topics."""
