"""What is sent to Grok: the static instructions first, for its prompt cache, the conversation last.

The conversation is marked as data by lines with a code that does not occur in it, so that no text
can end the conversation and continue with instructions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5
from zlib import crc32

from grok_insights.domain import pricing
from grok_insights.flow.budget import OVERHEAD_TOKENS
from grok_insights.grok.schema import schema
from grok_insights.grok.system_prompt import system_prompt

if TYPE_CHECKING:
    from grok_insights.domain.profile import Profile
    from grok_insights.grok.prompt import Prompt

ROUTES: Final = 8
"""``x-grok-conv-id`` routes to the server that has the prompt in its cache. One id would pin all
traffic to one server, and an id for each conversation would never use a warm cache."""

ANSWER_TOKENS: Final = 150
"""Tokens of a usual answer. One with fields and quotes has about 60 more."""

_NAMESPACE: Final = UUID("5b0c0f0e-7f43-5b54-9a3f-7a4c4c2f3d10")
_CODE_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class StaticPart:
    """The part of a request that is the same for each conversation of a profile.

    ``version`` is a digest of it without the model.
    """

    response_format: dict[str, Any]
    system: str
    version: str

    @property
    def tokens(self) -> int:
        """The estimated number of tokens."""
        return pricing.estimated_tokens(self.system + _json(self.response_format))


@lru_cache(maxsize=16)
def static_part(profile: Profile, own_prompt: str) -> StaticPart:
    """Return the static part of a profile's requests, which is built once."""
    system = system_prompt(profile, own_prompt)
    response_format = {
        "type": "json_schema",
        "json_schema": {"name": "insight", "strict": True, "schema": schema(profile)},
    }
    digest = sha256(_json([system, response_format, fenced("")]).encode(errors="replace"))
    return StaticPart(response_format, system, digest.hexdigest()[:8])


def overhead_tokens(profile: Profile, own_prompt: str) -> int:
    """Return the estimated tokens of a call in addition to the conversation."""
    return max(OVERHEAD_TOKENS, static_part(profile, own_prompt).tokens + ANSWER_TOKENS)


@dataclass(frozen=True, slots=True)
class RequestForm:
    """Makes requests to one model. ``own_prompt`` is for profiles without instructions."""

    model: str
    own_prompt: str = ""

    def version(self, profile: Profile) -> str:
        """Return a digest of all of the request but the model and the conversation."""
        return static_part(profile, self.own_prompt).version

    def overhead_tokens(self, profile: Profile) -> int:
        """Return the estimated tokens of a call in addition to the conversation."""
        return overhead_tokens(profile, self.own_prompt)

    def body(self, prompt: Prompt) -> bytes:
        """Return the request about one conversation, as JSON in UTF-8."""
        static = static_part(prompt.profile, self.own_prompt)
        request = {
            "model": self.model,
            "response_format": static.response_format,
            "messages": [
                {"role": "system", "content": static.system},
                {"role": "user", "content": fenced(prompt.text)},
            ],
        }
        return _json(request).encode(errors="replace")

    def route(self, prompt: Prompt) -> str:
        """Return the ``x-grok-conv-id`` of a conversation: one of a few, the same at every try."""
        number = crc32(prompt.conversation_id.encode()) % ROUTES
        return str(uuid5(_NAMESPACE, f"{self.model}/{self.version(prompt.profile)}/{number}"))


def fenced(text: str) -> str:
    """Return a text between two lines with a code that does not occur in it.

    The same text always gets the same code. A code of nine digits has three tokens.
    """
    code = _code(text)
    while code in text:
        code = _code(code)
    return f"{code}\n{text}\n{code}"


def _code(text: str) -> str:
    digest = sha256(text.encode(errors="replace")).digest()
    return f"{int.from_bytes(digest) % 10**_CODE_DIGITS:0{_CODE_DIGITS}}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
