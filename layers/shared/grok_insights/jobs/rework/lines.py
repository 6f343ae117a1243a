"""The lines of an export: insights, with their conversations on request."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from grok_insights.domain.insight_row import COLUMNS, as_json, cell, row
from grok_insights.domain.job import FileFormat, Include

if TYPE_CHECKING:
    from collections.abc import Collection

    from grok_insights.domain.conversation import Conversation

Document = Mapping[str, Any]
Line = Callable[[Document, "Conversation | None"], str]


def header(file_format: FileFormat, include: Collection[Include]) -> str:
    """Return the first line of a file; empty for JSON Lines."""
    if file_format is FileFormat.JSONL:
        return ""
    return _csv([*COLUMNS, *(str(one) for one in Include if one in include)])


def line(
    insight: Document,
    conversation: Conversation | None,
    file_format: FileFormat,
    include: Collection[Include],
) -> str:
    """Return the line of an insight. The conversation is there if a part of it is included."""
    if file_format is FileFormat.JSONL:
        more = {} if conversation is None else _members(conversation, include)
        return json.dumps({**insight, **more}, ensure_ascii=False) + "\n"
    more_cells = [] if conversation is None else _cells(conversation, include)
    return _csv([*row(insight), *more_cells])


def _members(conversation: Conversation, include: Collection[Include]) -> dict[str, Any]:
    """Return what is included of a conversation, as the API shows it."""
    members: dict[str, Any] = {}
    if Include.TEXT in include:
        turns = [turn.as_json() for turn in conversation.turns]
        members |= {"messages": turns} if turns else {"text": conversation.text}
    if Include.METADATA in include:
        members["metadata"] = conversation.metadata
    return members


def _cells(conversation: Conversation, include: Collection[Include]) -> list[str]:
    """Return the cells of what is included. Messages are a text of one line for each."""
    shown: Final = {
        Include.TEXT: conversation.text,
        Include.METADATA: as_json(conversation.metadata),
    }
    return [cell(shown[one]) for one in Include if one in include]


def _csv(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
