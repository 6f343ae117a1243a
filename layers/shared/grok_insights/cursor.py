"""Opaque cursors: the place in one query's answer, sealed so that no other query takes it."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from grok_insights.errors import BadRequest

SEAL_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Cursors:
    """Seals and opens cursors with a key that no client knows."""

    key: bytes = field(repr=False)

    def seal(self, position: str, *, query: str) -> str:
        """A cursor for the position, good for this query alone."""
        raw = position.encode()
        return urlsafe_b64encode(self._seal(raw, query) + raw).decode().rstrip("=")

    def open(self, cursor: str, *, query: str) -> str:
        """The position of a cursor.

        Raises
        ------
        BadRequest
            The cursor was not made by `seal` for this query.
        """
        try:
            sealed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            raise _foreign() from None
        seal, raw = sealed[:SEAL_BYTES], sealed[SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(raw, query)):
            raise _foreign()
        return raw.decode()

    def _seal(self, raw: bytes, query: str) -> bytes:
        return hmac.digest(self.key, query.encode() + b"\0" + raw, sha256)[:SEAL_BYTES]


def _foreign() -> BadRequest:
    return BadRequest("the cursor does not belong to this query")
