"""What is sent to Grok: the static instructions first, for its prompt cache, the conversation last.

The conversation is marked as data by lines with a code that does not occur in it, so that no text
can end the conversation and continue with instructions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5
from zlib import crc32

from grok_insights.grok.answer import Wanted

BUILT_IN_VERSION: Final = "1"
"""It increases with each change of ``system_prompt.txt``, of the marking lines or the schema."""

ROUTES: Final = 8
"""``x-grok-conv-id`` routes to the server that has the prompt in its cache. One id would pin all
traffic to one server, and an id for each conversation would never use a warm cache."""

_NAMESPACE: Final = UUID("5b0c0f0e-7f43-5b54-9a3f-7a4c4c2f3d10")


@cache
def built_in_prompt() -> str:
    """Return the instructions that come with the product."""
    return (Path(__file__).parent / "system_prompt.txt").read_text(encoding="utf-8")


def schema() -> dict[str, Any]:
    """Return what Grok is to answer, as a strict JSON schema: no defaults, no further fields.

    The class' docstring is for readers of the code, and would be paid for with every call.
    """
    wanted = Wanted.model_json_schema()
    del wanted["description"]
    return wanted


@dataclass(frozen=True, slots=True)
class RequestForm:
    """Makes requests to one model. ``own_prompt`` replaces the instructions where it is not empty.

    Examples
    --------
    >>> RequestForm("grok-4.20-non-reasoning").version
    '1'
    """

    model: str
    own_prompt: str = ""
    _static: dict[str, Any] = field(init=False)
    _routes: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        static = {
            "model": self.model,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "insight", "strict": True, "schema": schema()},
            },
        }
        object.__setattr__(self, "_static", static)
        names = [f"{self.model}/{self.version}/{route}" for route in range(ROUTES)]
        object.__setattr__(self, "_routes", tuple(str(uuid5(_NAMESPACE, name)) for name in names))

    @property
    def version(self) -> str:
        """``1``, or for a prompt of the user's own a digest of it: ``own-0a1b2c3d``."""
        if not self.own_prompt:
            return BUILT_IN_VERSION
        return f"own-{sha256(self.own_prompt.encode()).hexdigest()[:8]}"

    def body(self, text: str) -> bytes:
        """Return the request about one conversation, as JSON in UTF-8."""
        messages = [
            {"role": "system", "content": self.own_prompt or built_in_prompt()},
            {"role": "user", "content": fenced(text)},
        ]
        request = json.dumps({**self._static, "messages": messages}, ensure_ascii=False)
        return request.encode(errors="replace")

    def route(self, conversation_id: str) -> str:
        """Return the ``x-grok-conv-id`` of a conversation: one of a few, the same at every try."""
        return self._routes[crc32(conversation_id.encode()) % ROUTES]


def fenced(text: str) -> str:
    """Return a text between two lines with a code that does not occur in it.

    The same text always gets the same code.
    """
    code = sha256(text.encode(errors="replace")).hexdigest()[:16]
    while code in text:
        code = sha256(code.encode()).hexdigest()[:16]
    return f"--- conversation {code} begins ---\n{text}\n--- conversation {code} ends ---"
