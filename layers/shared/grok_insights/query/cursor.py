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
        seal = hmac.digest(self.key, query.encode() + b"\0" + raw, sha256)[:SEAL_BYTES]
        return urlsafe_b64encode(seal + raw).decode().rstrip("=")

    def open(self, cursor: str, *, query: str) -> str:
        """The position of a cursor.

        Raises
        ------
        BadRequest
            The cursor was not made by `seal` for this query.
        """
        try:
            position = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[SEAL_BYTES:].decode()
        except ValueError:
            raise _foreign() from None
        # Sealed anew and compared as a whole, since many texts decode to the same bytes.
        expected = self.seal(position, query=query)
        if not hmac.compare_digest(cursor.encode(), expected.encode()):
            raise _foreign()
        return position


def _foreign() -> BadRequest:
    return BadRequest("the cursor does not belong to this query")
