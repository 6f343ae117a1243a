"""Reads one conversation or insight by its id, or a page of insights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from grok_insights.domain import timestamps
from grok_insights.domain.conversation import ConversationStatus, named_id
from grok_insights.errors import NotFound

if TYPE_CHECKING:
    from grok_insights.aws.conversations import Conversations
    from grok_insights.aws.insights.table import Insights, Stored
    from grok_insights.aws.insights.timeline import Timeline
    from grok_insights.bodies.conversations import ConversationBody, MessageBody
    from grok_insights.domain.conversation import Turn
    from grok_insights.domain.selection import Selection
    from grok_insights.query.cursor import Cursors


class Page(NamedTuple):
    """A page of insights as JSON documents, and the cursor of the next one."""

    documents: list[str]
    next_cursor: str | None

    def as_json(self) -> str:
        """Return the page as JSON, with the documents as they are stored."""
        cursor = json.dumps(self.next_cursor)
        return f'{{"items":[{",".join(self.documents)}],"next_cursor":{cursor}}}'


@dataclass(frozen=True, slots=True)
class ReadInsights:
    """The use case."""

    conversations: Conversations
    insights: Insights
    timeline: Timeline
    cursors: Cursors

    def insight(self, conversation_id: str) -> Stored | None:
        """Return the insight of a conversation, or None while the conversation waits.

        Raises
        ------
        NotFound
            There is no such conversation.
        """
        stored = self.insights.stored(conversation_id)
        if stored is None and not self.conversations.exists(conversation_id):
            raise NotFound("there is no conversation with this id")
        return stored

    def conversation(self, conversation_id: str) -> ConversationBody:
        """Return the stored conversation and its status.

        Raises
        ------
        NotFound
            There is no such conversation.
        """
        shown = self._shown(conversation_id)
        if shown is None:
            raise NotFound("there is no conversation with this id")
        return shown

    def named_conversation(self, external_id: str) -> ConversationBody:
        """Return the stored conversation with an ``external_id``, and its status.

        Raises
        ------
        NotFound
            There is no such conversation.
        """
        shown = self._shown(named_id(external_id))
        if shown is None:
            raise NotFound("there is no conversation with this external_id")
        return shown

    def _shown(self, conversation_id: str) -> ConversationBody | None:
        stored = self.conversations.get(conversation_id)
        if stored is None:
            return None
        statuses = self.insights.statuses([stored])
        return {
            "id": stored.id,
            "external_id": stored.external_id,
            "text": None if stored.turns else stored.text,
            "messages": [_message(turn) for turn in stored.turns] if stored.turns else None,
            "metadata": stored.metadata,
            "occurred_at": timestamps.to_text(stored.occurred_at),
            "created_at": timestamps.to_text(stored.created_at),
            "status": ConversationStatus(statuses.get(conversation_id, "enqueued")),
        }

    def page(self, selection: Selection, limit: int, cursor: str | None) -> Page:
        """Return a page of the selected insights, newest first.

        If few insights match a filter, a page may have fewer than ``limit`` or none, and still
        have a next page.

        Raises
        ------
        BadRequest
            The cursor is not one of this query.
        """
        query = selection.signature()
        before = None if cursor is None else self.cursors.open(cursor, query=query)
        placed, rest = self.timeline.page(selection, before=before, limit=limit)
        return Page(
            [insight.document for insight in placed],
            None if rest is None else self.cursors.seal(rest, query=query),
        )


def _message(turn: Turn) -> MessageBody:
    return {
        "role": turn.role,
        "text": turn.text,
        "at": None if turn.at is None else timestamps.to_text(turn.at),
        "name": turn.name,
    }
