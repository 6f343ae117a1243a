"""Opaque cursors: a position in the list of one query, signed so that it is valid only for it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha256

from itsdangerous import BadData, URLSafeSerializer

from grok_insights.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Cursors:
    """Signs and verifies cursors with a secret key."""

    key: bytes = field(repr=False)

    def seal(self, position: str, *, query: str) -> str:
        """Return a cursor for the position that is valid only for this query."""
        cursor = self._serializer(query).dumps(position)
        return cursor if isinstance(cursor, str) else cursor.decode()

    def open(self, cursor: str, *, query: str) -> str:
        """Return the position of a cursor.

        Raises
        ------
        BadRequest
            The cursor was not made by `seal` for this query.
        """
        try:
            position = str(self._serializer(query).loads(cursor))
        except (BadData, ValueError):
            raise _wrong_query() from None
        # Several texts decode to the same bytes. Only the one that `seal` returns is accepted.
        if not hmac.compare_digest(cursor.encode(), self.seal(position, query=query).encode()):
            raise _wrong_query()
        return position

    def _serializer(self, query: str) -> URLSafeSerializer:
        """Return a serializer with signatures for one query, which is the salt."""
        signer_kwargs = {"digest_method": sha256}
        return URLSafeSerializer(self.key, salt=query, signer_kwargs=signer_kwargs)


def _wrong_query() -> BadRequest:
    return BadRequest("the cursor does not belong to this query")
