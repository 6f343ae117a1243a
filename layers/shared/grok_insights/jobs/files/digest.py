"""The digest of a file, chained over its blocks, so that reading can go on in another process.

SHA-256 itself cannot be continued elsewhere: Python does not export its state. So the digest of
each block of 8 MiB is hashed together with the digest of all blocks before it.
"""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from grok_insights.aws.files import Body

BLOCK_BYTES: Final = 8_388_608


class BodyStream(io.RawIOBase):
    """The bytes of an object of S3, as a stream of Python."""

    def __init__(self, body: Body) -> None:
        super().__init__()
        self._body = body

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read bytes into a buffer, and return how many; 0 at the end."""
        view = memoryview(buffer).cast("B")
        data = self._body.read(len(view))
        view[: len(data)] = data
        self.seen(data)
        return len(data)

    def seen(self, data: bytes) -> None:
        """Do nothing with the bytes that were read."""


class DigestingStream(BodyStream):
    """A stream that computes the digest of all bytes that are read from it.

    Parameters
    ----------
    body : Body
        The bytes of the file from a multiple of `BLOCK_BYTES` on.
    start : int
        That multiple.
    digest : str
        The digest of all blocks before it, in hexadecimal digits.
    """

    def __init__(self, body: Body, start: int = 0, digest: str = "") -> None:
        super().__init__(body)
        self._digests = {start // BLOCK_BYTES: digest}
        self._block = start // BLOCK_BYTES
        self._hash = hashlib.sha256()
        self._filled = 0

    def digest_before(self, offset: int) -> str:
        """Return the digest of the blocks before the block with an offset."""
        return self._digests[offset // BLOCK_BYTES]

    def digest(self) -> str:
        """Return the digest of all bytes."""
        return self._chained(self._hash)

    def seen(self, data: bytes) -> None:
        """Add bytes that were read to the digest."""
        while data:
            part = data[: BLOCK_BYTES - self._filled]
            self._hash.update(part)
            self._filled += len(part)
            data = data[len(part) :]
            if self._filled == BLOCK_BYTES:
                self._end_block()

    def _end_block(self) -> None:
        chained = self._chained(self._hash)
        self._block += 1
        self._digests[self._block] = chained
        self._hash, self._filled = hashlib.sha256(), 0

    def _chained(self, block: hashlib._Hash) -> str:
        before = bytes.fromhex(self._digests[self._block])
        return hashlib.sha256(before + block.digest()).hexdigest()
