"""What clients send: a text or messages, now or years ago, with metadata. A text stands for its
content.

A text like ``Bot: …`` is sent as a message, and is what is analysed of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zlib import crc32

from grok_insights.domain.conversation import Role, Turn, transcript

if TYPE_CHECKING:
    from tests.simulation.operation import Operation

TOP_UP = "top up"
"""The kind of a bulk that is sent only if a run has made few calls so far."""

ROLES = {f"{role.capitalize()}: ": role for role in (Role.CUSTOMER, Role.BOT)}


PLANS: tuple[tuple[Any, str | None], ...] = (
    ("free", "free"),
    ("pro", "pro"),
    ("other", "other"),
    (7, "7"),
    (1.5, "1.5"),
    (True, "true"),
    ("x" * 64, "x" * 64),
    ("x" * 65, None),
    (" ", None),
    (None, None),
    (["free"], None),
    ({"name": "free"}, None),
)
"""Values of metadata, and the segments that they are; None if they are none."""


def text_of(key: str, flavour: str = "") -> str:
    """Return the text that is always sent under a key; of half of the keys it is a message."""
    spoken = ["", "", *ROLES][crc32(key.encode()) % 4]
    return f"{spoken}parcel {key} {flavour}".strip()


def names(operation: Operation) -> list[str]:
    """Return the external ids of the conversations of a bulk request, without the nameless one."""
    return [f"{operation.key}{letter}" for letter in "abcdefg"[: operation.number]]


def texts(operation: Operation) -> list[str]:
    """Return the texts of the conversations that an operation sends."""
    if operation.kind not in {"bulk", TOP_UP}:
        return [operation.text]
    return [*map(text_of, names(operation)), f"nameless {operation.key}"]


def body(external_id: str | None, text: str, operation: Operation) -> dict[str, Any]:
    """Return a conversation as it is sent. A repeated one may have another time."""
    named = {} if external_id is None else {"external_id": external_id}
    number = crc32(f"{operation.at} {text}".encode())
    past = {"occurred_at": f"{2001 + number % 25}-02-28T12:00:00+01:00"} if number % 3 else {}
    metadata = {"channel": operation.actor, **_plan(number // 75)}
    return {**named, **_content(text), **past, "metadata": metadata}


def time_without_past(at: float, text: str) -> float:
    """Return the first time from ``at`` at which a text is sent without ``occurred_at``."""
    return next(
        moment
        for moment in (at + number / 1_000 for number in range(1_000))
        if crc32(f"{moment} {text}".encode()) % 3 == 0
    )


def _plan(number: int) -> dict[str, Any]:
    """Return one of the plans, a plan that no other conversation has, or nothing."""
    if number % 3 == 0:
        return {"plan": f"plan {number}"}
    return {"plan": PLANS[number // 3 % len(PLANS)][0]} if number % 3 == 1 else {}


def segment_of(value: Any) -> str | None:
    """Return the segment that a value of the metadata is; None if it is none."""
    known = [segment for one, segment in PLANS if repr(one) == repr(value)]
    return known[0] if known else str(value)


def _content(text: str) -> dict[str, Any]:
    for spoken, role in ROLES.items():
        if text.startswith(spoken):
            return {"messages": [{"role": str(role), "text": text.removeprefix(spoken)}]}
    return {"text": text}


def analysed(shown: Mapping[str, Any]) -> str:
    """Return the analysed text of a conversation that the API shows."""
    messages = shown["messages"]
    if messages is None:
        return str(shown["text"])
    return transcript(Turn(Role(one["role"]), one["text"]) for one in messages)
