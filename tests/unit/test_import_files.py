"""Reading files of conversations: lines, records, formats, digests, and bounded memory."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from collections.abc import Iterator
from itertools import islice
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_insights.domain.job import Checkpoint, JobKind, NewJob, line_id
from grok_insights.jobs.files.digest import BLOCK_BYTES, DigestingStream
from grok_insights.jobs.files.faults import FileFault
from grok_insights.jobs.files.lines import Lines
from grok_insights.jobs.files.records import Record
from grok_insights.jobs.files.source import Source

UPLOAD = UUID(int=1)


class Endless:
    """A body that is made while it is read: a pattern, repeated up to a size."""

    def __init__(self, pattern: bytes, size: int) -> None:
        self.pattern, self.left = pattern * (65_536 // len(pattern)), size

    def read(self, amt: int | None = None) -> bytes:
        count = min(self.left, len(self.pattern), amt or len(self.pattern))
        self.left -= count
        return self.pattern[:count]


def source(content: bytes, start: Checkpoint | None = None, **options: Any) -> Source:
    job = NewJob(kind=JobKind.IMPORT, upload_id=UPLOAD, **options)
    return Source(lambda offset: io.BytesIO(content[offset:]), job, start or Checkpoint())


def records(content: bytes, **options: Any) -> list[Record]:
    return list(source(content, **options).records())


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=20))
def test_reading_goes_on_from_any_checkpoint_with_the_same_records(texts: list[str]) -> None:
    content = "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
    whole = records(content) if content else []
    for stop in range(1, len(whole)):
        first = source(content)
        before = list(islice(first.records(), stop))
        checkpoint = Checkpoint.model_validate(first.position())
        second = source(content, checkpoint)
        assert [*before, *second.records()] == whole
        assert second.digest() == source(content).digest()


def test_csv_goes_on_after_its_header_with_the_numbers_of_its_lines() -> None:
    content = b'date,text\n1,"a\nb"\n2,c\n3,d\n'
    first = source(content)
    assert next(first.records()) == Record(2, {"text": "a\nb"})
    second = source(content, Checkpoint.model_validate(first.position()))
    assert list(second.records()) == [Record(4, {"text": "c"}), Record(5, {"text": "d"})]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_decides_what_separates_columns(delimiter: str) -> None:
    content = delimiter.join(["text", "metadata.a"]) + "\n" + delimiter.join(["x", "y"]) + "\n"
    assert records(content.encode()) == [Record(2, {"text": "x", "metadata": {"a": "y"}})]


def test_any_other_delimiter_can_be_set() -> None:
    assert records(b"text#b\nx#y\n", delimiter="#") == [Record(2, {"text": "x"})]


def test_a_mapping_takes_fields_of_json_lines_and_leaves_the_others_out() -> None:
    content = b'{"body": "x", "id": 7, "at": "2024-03-01 10:00:00", "more": {}}\n'
    mapping = {"text": "body", "external_id": "id", "occurred_at": "at"}
    [found] = records(content, mapping=mapping)
    assert found.item == {
        "text": "x",
        "external_id": "7",
        "occurred_at": "2024-03-01T10:00:00+00:00",
    }


def test_gzip_of_several_members_is_read_to_its_end() -> None:
    content = gzip.compress(b'{"text": "a"}\n') + gzip.compress(b'{"text": "b"}\n')
    assert [one.item for one in records(content)] == [{"text": "a"}, {"text": "b"}]


def test_the_message_of_a_missing_column_contains_nothing_of_the_file() -> None:
    with pytest.raises(FileFault) as raised:
        records(b"my secret,other\nx,y\n")
    assert "secret" not in raised.value.message


@pytest.mark.parametrize("offset", [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, 2 * BLOCK_BYTES])
def test_a_digest_that_goes_on_is_that_of_the_whole(offset: int) -> None:
    content = b"0123456789abcdef" * (BLOCK_BYTES // 8)
    whole = DigestingStream(io.BytesIO(content))
    whole.read()
    start = offset - offset % BLOCK_BYTES
    rest = DigestingStream(io.BytesIO(content[start:]), start, whole.digest_before(offset))
    rest.read()
    assert rest.digest() == whole.digest()


def test_a_digest_differs_if_one_byte_does() -> None:
    digests = set()
    for content in (b"a" * 20, b"a" * 19 + b"b", b"a" * 21):
        stream = DigestingStream(io.BytesIO(content))
        stream.read()
        digests.add(stream.digest())
    assert len(digests) == 3


def test_a_line_has_always_the_same_id_and_no_other_line_has_it() -> None:
    digest, other = "ab" * 32, "cd" * 32
    assert line_id(digest, 7) == line_id(digest, 7)
    assert len({line_id(digest, 7), line_id(digest, 8), line_id(other, 7)}) == 3


def peak_bytes(read: Iterator[Any]) -> int:
    tracemalloc.start()
    try:
        for _ in read:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_line_of_1_gigabyte_is_passed_over_in_bounded_memory() -> None:
    stream = io.BufferedReader(DigestingStream(Endless(b"x", 1_000_000_000)), 1_048_576)
    assert peak_bytes(iter(Lines(stream))) < 25_000_000


def test_memory_does_not_grow_with_the_file() -> None:
    line = b'{"text": "' + b"y" * 240 + b'"}\n'

    def peak(size: int) -> int:
        job = NewJob(kind=JobKind.IMPORT, upload_id=UPLOAD)
        return peak_bytes(Source(lambda _: Endless(line, size), job, Checkpoint()).records())

    assert peak(4_000_000) < peak(400_000) + 1_000_000


def test_a_small_gzip_of_a_large_file_is_read_in_bounded_memory() -> None:
    content = gzip.compress((b'{"text": "' + b"z" * 990 + b'"}\n') * 10_000)
    assert peak_bytes(iter(source(content).records())) < 5_000_000
