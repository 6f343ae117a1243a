"""Opaque cursors: a place in one query's list, signed so that no other query takes it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha256

from itsdangerous import BadData, URLSafeSerializer

from grok_insights.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Cursors:
    """Signs and opens cursors with a key that no client knows."""

    key: bytes = field(repr=False)

    def seal(self, position: str, *, query: str) -> str:
        """Return a cursor for the position, good for this query alone."""
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
            raise _foreign() from None
        # Many texts decode to the same bytes: only the one that was given out is taken.
        if not hmac.compare_digest(cursor.encode(), self.seal(position, query=query).encode()):
            raise _foreign()
        return position

    def _serializer(self, query: str) -> URLSafeSerializer:
        """Return a serializer whose signatures hold for one query: the query is its salt."""
        signer_kwargs = {"digest_method": sha256}
        return URLSafeSerializer(self.key, salt=query, signer_kwargs=signer_kwargs)


def _foreign() -> BadRequest:
    return BadRequest("the cursor does not belong to this query")
