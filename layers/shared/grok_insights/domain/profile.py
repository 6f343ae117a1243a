"""The profile: what Grok is asked about each conversation. Analysts change it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from grok_insights.validation import NOT_BLANK, Model

MAX_LABELS: Final = 100
MAX_ALIASES: Final = 20
MAX_FIELDS: Final = 10
MAX_FIELD_VALUES: Final = 8
MAX_INTEGER_VALUES: Final = 11
MAX_SEGMENTS: Final = 3
MAX_SEGMENT_CHARS: Final = 64
"""Characters of the value of a segment."""

LABEL: Final = r"^[a-z0-9]+(_[a-z0-9]+)*$"
"""The pattern of a label, of a field and of a value of a field: snake_case."""

OTHER: Final = "other"
"""The topic of a conversation to which no label applies, and the segment of a rare value."""

Slug = Annotated[str, Field(pattern=LABEL, max_length=40)]
Description = Annotated[str, Field(max_length=300)]


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
    minimum: int = Field(description="The smallest number.")
    maximum: int = Field(description="The largest number.")


class TextField(_Field):
    """A field with a text. It is never counted."""

    type: Literal["text"] = Field(description="`text`.")
    max_length: int = Field(80, ge=1, le=500, description="The largest number of characters.")


ProfileField = Annotated[
    BooleanField | EnumField | IntegerField | TextField, Field(discriminator="type")
]


class Profile(Model):
    """One version of the profile."""

    version: int = Field(ge=1, description="The number of the version.")
    note: str = Field("", max_length=300, description="What changed, for people.")
    instructions: str = Field(
        "", max_length=2_000, description="Instructions for Grok; empty for the built-in ones."
    )
    topics: Topics = Field(default_factory=Topics, description="The topics.")
    fields: tuple[ProfileField, ...] = Field(
        (), max_length=MAX_FIELDS, description="The questions of the team."
    )
    quotes: bool = Field(False, description="Whether Grok quotes the conversation.")
    segments: tuple[Annotated[str, Field(pattern=NOT_BLANK, max_length=64)], ...] = Field(
        (), max_length=MAX_SEGMENTS, description="Keys of the metadata that are counted."
    )


BUILT_IN: Final = Profile(version=1)
"""The profile of a new stack: a summary, the sentiment and free topics."""
