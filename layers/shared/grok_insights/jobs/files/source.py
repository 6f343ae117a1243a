"""Opens a file, compressed or not, where reading goes on, and finds out its format."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from grok_insights.domain.job import Checkpoint, FileFormat, NewJob
from grok_insights.jobs.files import faults
from grok_insights.jobs.files.digest import BLOCK_BYTES, DigestingStream
from grok_insights.jobs.files.faults import FileFault
from grok_insights.jobs.files.lines import BUFFER_BYTES, Lines
from grok_insights.jobs.files.records import (
    Columns,
    Record,
    csv_records,
    json_records,
    read_header,
)

if TYPE_CHECKING:
    from grok_insights.aws.files import Body

GZIP_MAGIC: Final = b"\x1f\x8b"
UNSUPPORTED: Final = {
    b"\xff\xfe": "UTF-16; save it as UTF-8",
    b"\xfe\xff": "UTF-16; save it as UTF-8",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook; unpack it, or save it as CSV",
    b"[": "one JSON array; JSON Lines has one object in each line",
}

BAD_GZIP: Final = (EOFError, zlib.error, gzip.BadGzipFile)


class Source:
    """A file that is being read.

    Parameters
    ----------
    opened : Callable[[int], Body]
        Returns the bytes of the file from an offset on.
    options : NewJob
        What the client says of the file.
    checkpoint : Checkpoint
        Where reading goes on. A compressed file is always read from its start.
    """

    def __init__(
        self, opened: Callable[[int], Body], options: NewJob, checkpoint: Checkpoint
    ) -> None:
        checkpoint = Checkpoint() if checkpoint.is_gzip else checkpoint
        self.start = checkpoint
        self._options = options
        block = checkpoint.offset - checkpoint.offset % BLOCK_BYTES
        self._raw = DigestingStream(opened(block), block, checkpoint.digest)
        stream: io.BufferedReader[Any] = io.BufferedReader(self._raw, BUFFER_BYTES)
        self.is_gzip = block == 0 and stream.peek(2)[:2] == GZIP_MAGIC
        if self.is_gzip:
            stream = io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=stream)))
        else:
            _skip(stream, checkpoint.offset - block)
        self._format = checkpoint.format or self._detected(stream)
        self.lines = Lines(stream, checkpoint.offset, checkpoint.line)
        self._columns = Columns(checkpoint.delimiter, checkpoint.columns, checkpoint.width)

    def records(self) -> Iterator[Record]:
        """Yield the remaining records.

        Raises
        ------
        FileFault
            The file cannot be imported.
        """
        options = self._options
        try:
            if self._format is FileFormat.JSONL:
                yield from json_records(self.lines, options.encoding, options.mapping)
                return
            if not self._columns.width:
                self._columns = read_header(
                    self.lines, options.encoding, options.delimiter, options.mapping
                )
            yield from csv_records(self.lines, options.encoding, self._columns)
        except BAD_GZIP:
            raise FileFault(faults.FORMAT, "the file is damaged: gzip cannot read it") from None

    def position(self) -> dict[str, object]:
        """Return what a checkpoint says of the position after the last record."""
        offset = self.lines.offset
        return {
            "offset": offset,
            "line": self.lines.number,
            "digest": "" if self.is_gzip else self._raw.digest_before(offset),
            "is_gzip": self.is_gzip,
            "format": self._format,
            "delimiter": self._columns.delimiter,
            "columns": self._columns.indexes,
            "width": self._columns.width,
        }

    def digest(self) -> str:
        """Return the digest of the whole file, which has been read to its end."""
        while self._raw.read(BUFFER_BYTES):
            pass
        return self._raw.digest()

    def _detected(self, stream: io.BufferedReader[Any]) -> FileFormat:
        """Return the format that the client or the first characters say.

        Raises
        ------
        FileFault
            It is none that can be imported.
        """
        try:
            head = stream.peek(64)[:64]
        except BAD_GZIP:
            raise FileFault(faults.FORMAT, "the file is damaged: gzip cannot read it") from None
        for magic, what in UNSUPPORTED.items():
            if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(magic):
                raise FileFault(faults.FORMAT, f"the file is {what}")
        if self._options.format:
            return self._options.format
        is_json = head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
        return FileFormat.JSONL if is_json else FileFormat.CSV


def _skip(stream: BinaryIO, size: int) -> None:
    while size > 0:
        size -= len(stream.read(min(size, BUFFER_BYTES))) or size
