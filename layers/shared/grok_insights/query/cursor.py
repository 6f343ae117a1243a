"""Opaque cursors: a position in the list of one query, signed so that it is valid only for it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha256

from itsdangerous import Signer
from itsdangerous.encoding import base64_decode, base64_encode

from grok_insights.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Cursors:
    """Signs and verifies cursors with a secret key."""

    key: bytes = field(repr=False)

    def seal(self, position: str, *, query: str) -> str:
        """Return a cursor for the position that is valid only for this query."""
        return self._signed(base64_encode(position), query).decode()

    def open(self, cursor: str, *, query: str) -> str:
        """Return the position of a cursor.

        Raises
        ------
        BadRequest
            The cursor was not made by `seal` for this query.
        """
        encoded = cursor.encode().rpartition(b".")[0]
        # The whole text is compared: several texts of a signature decode to the same bytes.
        if not hmac.compare_digest(cursor.encode(), self._signed(encoded, query)):
            raise BadRequest("the cursor does not belong to this query")
        return base64_decode(encoded).decode()

    def _signed(self, encoded: bytes, query: str) -> bytes:
        """Return the encoded position with its signature for one query, which is the salt."""
        return Signer(self.key, salt=query, digest_method=sha256).sign(encoded)
