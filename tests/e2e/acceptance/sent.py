"""The conversations that one run sends, and how they are deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID, uuid5

from tests.e2e.acceptance.api import Api, shown

PATH: Final = "/api/v1/conversations"
EXTERNAL_ID_NAMESPACE: Final = UUID("6f1d2d3a-8d1c-5c0e-9a53-0d6a3c1f7b42")
"""Defined in `docs/operations.md`: it is part of the contract with clients."""

SINGLE: Final = "My parcel is three weeks late and nobody answers. I want a refund now! Grüße, 🙂"
BULK: Final = (
    "Thank you, the new coffee machine works perfectly. Great service!",
    "Where do I find the invoice for the order of last week?",
    "I cannot log in any more, the password reset mail never comes.",
)
MESSAGES_INDEX: Final = 3
"""The conversation that is sent as messages: its text is what its customer says."""

BAD_INDEX: Final = 1
"""Position of the invalid item in the bulk request."""

COUNT: Final = 1 + len(BULK)
IMPORTED: Final = (
    "The delivery came a day early and everything was well packed. Thank you!",
    "Since the last update the app crashes when I open my orders.",
)
"""The conversations that a job imports, and another analyses again."""

ANALYSES: Final = COUNT + 2 * len(IMPORTED)
USD_EACH: Final = 0.003
"""Upper estimate of what xAI bills for one of these conversations."""


@dataclass(slots=True)
class Sent:
    """The conversations of one run. Their ``external_id`` values are not used by any other run."""

    run: str
    erased: set[str] = field(default_factory=set)

    @property
    def texts(self) -> dict[str, str]:
        """The texts by the ids of their conversations."""
        return {identity(self.external_id(n)): text for n, text in enumerate((SINGLE, *BULK))}

    @property
    def imported(self) -> dict[str, str]:
        """The texts of the imported conversations, by ``external_id``."""
        return {f"acceptance-{self.run}-line-{n}": text for n, text in enumerate(IMPORTED)}

    @property
    def ids(self) -> set[str]:
        """The ids of all conversations, sent and imported."""
        return {*self.texts, *map(identity, self.imported)}

    def external_id(self, number: int) -> str:
        """Return the ``external_id`` of a conversation."""
        return f"acceptance-{self.run}-{number}"

    def conversation(self, number: int) -> dict[str, Any]:
        """Return a conversation as it is sent."""
        text = (SINGLE, *BULK)[number]
        is_dialogue = number == MESSAGES_INDEX
        return {
            "external_id": self.external_id(number),
            **({"messages": dialogue(text)} if is_dialogue else {"text": text}),
            "metadata": {"acceptance": self.run},
        }

    def bulk(self) -> list[dict[str, Any]]:
        """Return the items of the bulk request, including a blank text."""
        items = [self.conversation(number) for number in range(1, COUNT)]
        items.insert(BAD_INDEX, {"external_id": self.external_id(COUNT), "text": " "})
        return items

    def erase(self, api: Api) -> Mapping[str, str]:
        """Delete all that is not deleted yet; return what could not be deleted, with the reason."""
        failed: dict[str, str] = {}
        for one in self.ids - self.erased:
            try:
                response = api.delete(f"{PATH}/{one}")
            except AssertionError as error:
                failed[one] = str(error)
                continue
            if response.status_code in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND}:
                self.erased.add(one)
            else:
                failed[one] = shown(response)
        return failed


def dialogue(text: str) -> list[dict[str, Any]]:
    """Return the messages of a conversation, with all their fields."""
    at = "2026-11-20T10:00:00.123Z"
    return [
        {"role": "customer", "text": text, "at": at, "name": None},
        {"role": "agent", "text": "I have sent it again.", "at": None, "name": "Priya"},
    ]


def identity(external_id: str) -> str:
    """Return the id that a conversation gets from its ``external_id``."""
    return str(uuid5(EXTERNAL_ID_NAMESPACE, external_id))
