"""What one run of the suite sends, what came back, and how it is deleted again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID, uuid5

from tests.e2e.acceptance.api import Api, shown

PATH: Final = "/api/v1/conversations"
EXTERNAL_ID_NAMESPACE: Final = UUID("6f1d2d3a-8d1c-5c0e-9a53-0d6a3c1f7b42")
"""As `docs/operations.md` has it: it is part of the contract with clients."""

SINGLE: Final = "My parcel is three weeks late and nobody answers. I want a refund now! Grüße, 🙂"
BULK: Final = (
    "Thank you, the new coffee machine works perfectly. Great service!",
    "Where do I find the invoice for the order of last week?",
    "I cannot log in any more, the password reset mail never comes.",
)
BAD_INDEX: Final = 1
"""Where the item that must be rejected stands in the bulk request."""

COUNT: Final = 1 + len(BULK)
USD_EACH: Final = 0.003
"""Upper estimate of what xAI bills for one of these conversations."""


@dataclass(slots=True)
class Sent:
    """The conversations of one run. All have an ``external_id`` that no other run uses."""

    run: str
    erased: set[str] = field(default_factory=set)

    @property
    def texts(self) -> dict[str, str]:
        """The texts by the ids of their conversations."""
        return {identity(self.external_id(n)): text for n, text in enumerate((SINGLE, *BULK))}

    def external_id(self, number: int) -> str:
        """Return the ``external_id`` of a conversation."""
        return f"acceptance-{self.run}-{number}"

    def conversation(self, number: int) -> dict[str, Any]:
        """Return a conversation as it is sent."""
        return {
            "external_id": self.external_id(number),
            "text": (SINGLE, *BULK)[number],
            "metadata": {"acceptance": self.run},
        }

    def bulk(self) -> list[dict[str, Any]]:
        """Return the items of the bulk request, a blank text among them."""
        items = [self.conversation(number) for number in range(1, COUNT)]
        items.insert(BAD_INDEX, {"external_id": self.external_id(COUNT), "text": " "})
        return items

    def erase(self, api: Api) -> Mapping[str, str]:
        """Delete all that is not yet deleted. Return what could not be deleted, with the reason."""
        failed: dict[str, str] = {}
        for one in self.texts.keys() - self.erased:
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


def identity(external_id: str) -> str:
    """Return the id that a conversation gets from its ``external_id``."""
    return str(uuid5(EXTERNAL_ID_NAMESPACE, external_id))
