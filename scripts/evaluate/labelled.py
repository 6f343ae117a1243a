"""Reads labelled conversations from JSON Lines. Errors name the line."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from grok_insights.domain.conversation import Role, Turn, transcript
from grok_insights.domain.insight import MAX_TOPICS, Sentiment
from grok_insights.domain.profile import LABEL
from grok_insights.validation import NOT_BLANK, Model, faults_of

MAX_SHOWN_FAULTS: Final = 20


def _snake_case(name: str) -> str:
    if not re.fullmatch(LABEL, name):
        raise ValueError("must be in snake_case")
    return name


def _iso_639(code: str) -> str:
    if not re.fullmatch("[a-z]{2,3}", code):
        raise ValueError("must be a code of ISO 639 like en")
    return code


Slug = Annotated[str, AfterValidator(_snake_case)]
Language = Annotated[str, AfterValidator(_iso_639)]
NotBlank = Annotated[str, Field(pattern=NOT_BLANK)]
FieldValue = bool | int | str | None


class BadData(Exception):
    """The file cannot be used. The message names each line with a fault."""


class Message(Model):
    """One message of a conversation."""

    role: Role
    text: NotBlank
    name: str | None = None


class Labelled(Model):
    """A conversation with the labels that a person gave it.

    Topics and fields that are not labelled (None or left out) are not evaluated.
    """

    id: NotBlank
    text: NotBlank | None = None
    messages: Annotated[tuple[Message, ...], Field(min_length=1)] | None = None
    sentiment: Sentiment
    topics: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=MAX_TOPICS)] | None = None
    fields: dict[Slug, FieldValue] = Field(default_factory=dict)
    language: Language | None = None
    tags: tuple[Slug, ...] = ()

    @model_validator(mode="after")
    def _has_either_text_or_messages(self) -> Self:
        if (self.text is None) == (self.messages is None):
            raise ValueError("must have either text or messages")
        if self.topics and len(set(self.topics)) < len(self.topics):
            raise ValueError("names a topic twice")
        return self

    @property
    def transcript(self) -> str:
        """Return the text that is analysed: with turns, a line for each, after its role."""
        if self.messages is None:
            return self.text or ""
        return transcript(self.turns)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Return the turns; empty for a text."""
        return tuple(Turn(it.role, it.text, name=it.name) for it in self.messages or ())


def load(path: Path) -> list[Labelled]:
    """Return the conversations of a file, in its order.

    Raises
    ------
    BadData
        The file cannot be read, is empty, or lines of it are not valid.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadData(f"{path} cannot be read: {error}") from None
    return parse(lines, str(path))


def parse(lines: Iterable[str], name: str) -> list[Labelled]:
    """Return the conversations of these lines. Blank lines are skipped.

    Raises
    ------
    BadData
        There is no conversation, or lines are not valid. ``name`` is the file in the message.
    """
    found: dict[str, Labelled] = {}
    faults: list[str] = []
    for number, line in _numbered(lines):
        try:
            conversation = Labelled.model_validate(_object(line))
            _require_new(conversation.id, found)
            found[conversation.id] = conversation
        except ValidationError as error:
            said = (f"{it.location}: {it.message}".strip(": ") for it in faults_of(error.errors()))
            faults.append(f"line {number}: {'; '.join(said)}")
        except ValueError as error:
            faults.append(f"line {number}: {error}")
    if faults:
        raise BadData(_sentences(name, faults))
    if not found:
        raise BadData(f"{name} contains no conversation")
    return list(found.values())


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _require_new(name: str, found: Container[str]) -> None:
    if name in found:
        raise ValueError(f"the id {name!r} is already on an earlier line")


def _object(line: str) -> object:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def _sentences(name: str, faults: list[str]) -> str:
    shown = faults[:MAX_SHOWN_FAULTS]
    more = len(faults) - len(shown)
    end = [f"and {more} more"] if more else []
    return "\n".join([f"{name} has lines that cannot be used:", *shown, *end])
