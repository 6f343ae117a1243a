"""Splits a stream of bytes into lines, none of which takes more memory than a limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from grok_insights.domain.job import MAX_LINE_BYTES

BUFFER_BYTES: Final = 1_048_576


class Line(NamedTuple):
    """A line of a file, counted from 1, with its end; ``data`` is None if it is too long."""

    number: int
    data: bytes | None


class Lines:
    """The lines of a stream, and the position after the last one that was returned.

    Parameters
    ----------
    stream : BinaryIO
        The bytes from ``offset`` on.
    offset, number : int
        The position in the file, and the number of the line before it.
    """

    def __init__(
        self, stream: BinaryIO, offset: int = 0, number: int = 0, limit: int = MAX_LINE_BYTES
    ) -> None:
        self.offset, self.number = offset, number
        self._stream, self._limit = stream, limit

    def __iter__(self) -> Iterator[Line]:
        """Yield the remaining lines."""
        while data := self._stream.readline(self._limit + 1):
            self.offset += len(data)
            self.number += 1
            if len(data) > self._limit:
                self._skip(data)
                yield Line(self.number, None)
            else:
                yield Line(self.number, data)

    def _skip(self, data: bytes) -> None:
        while data and not data.endswith(b"\n"):
            data = self._stream.readline(BUFFER_BYTES)
            self.offset += len(data)
