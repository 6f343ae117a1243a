"""The requests and responses of clients, and what must therefore exist at the end."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid5

from grok_insights.domain.conversation import EXTERNAL_ID_NAMESPACE

SKEW = 0.1
"""Seconds by which the clock that dated a conversation may differ from the true time."""


def id_of(external_id: str) -> str:
    """Return the id of a conversation that has an external id."""
    return str(uuid5(EXTERNAL_ID_NAMESPACE, external_id))


@dataclass(frozen=True)
class Event:
    """A request about one conversation: when it started and ended, and its response.

    ``status`` 0 means a response that was lost, or one that says nothing, such as 503.
    """

    kind: str
    began: float
    ended: float
    status: int
    text: str = ""


class History:
    """All events, by the conversation's id."""

    def __init__(self) -> None:
        self.events: dict[str, list[Event]] = {}

    def add(self, identity: str, event: Event) -> None:
        self.events.setdefault(identity, []).append(event)

    def must_exist(self, identity: str) -> bool:
        """Whether a 202 was returned that no deletion can have undone."""
        return bool(self.kept(identity))

    def kept(self, identity: str, since: float = 0.0) -> list[Event]:
        """Return the posts since a time that got a 202 which no deletion can have undone."""
        events = self.events.get(identity, [])
        return [
            one
            for one in events
            if one.kind == "post"
            and one.status == 202
            and one.began >= since
            and not any(
                other.kind == "delete" and other.status != 404 and other.ended >= one.began
                for other in events
            )
        ]

    def must_be_gone(self, identity: str) -> bool:
        """Whether a deletion was confirmed, and nothing that may be stored was sent since."""
        events = self.events.get(identity, [])
        return any(
            one.kind == "delete"
            and one.status == 204
            and not any(
                other.kind == "post" and other.status in {0, 202} and other.ended >= one.began
                for other in events
            )
            for one in events
        )

    def was_promised(self, identity: str, text: str, created_at: float) -> bool:
        """Whether a 202 promised the analysis of exactly this conversation.

        A request that failed half-way may have stored it, but promised nothing.
        """
        posts = [one for one in self.events.get(identity, []) if one.kind == "post"]
        same = [one for one in posts if one.text == text and one.status in {0, 202}]
        makers = [one for one in same if one.began - SKEW <= created_at <= one.ended + SKEW]
        saw_it = any(one.status == 202 and one.began > created_at + SKEW for one in same)
        return saw_it or (bool(makers) and all(one.status == 202 for one in makers))

    def texts(self, identity: str) -> set[str]:
        """Return the texts with which the conversation may have been stored."""
        return {one.text for one in self.events.get(identity, []) if one.kind == "post"}
