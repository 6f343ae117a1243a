"""Reads the records of JSON Lines and CSV: what is sent as a conversation, or why it cannot be."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from grok_insights.domain.job import MAX_LINE_BYTES, METADATA_PREFIX, Encoding
from grok_insights.jobs.files import faults
from grok_insights.jobs.files.faults import FileFault
from grok_insights.jobs.files.lines import Line, Lines

BOM: Final = "\ufeff"
DELIMITERS: Final = ",;\t|"
TOO_LONG: Final = f"the line has more than {MAX_LINE_BYTES:,} bytes"


class Record(NamedTuple):
    """A record, with the number of its first line: a conversation as it is sent, or the error."""

    line: int
    item: dict[str, Any] | None
    error: str = ""


def decoded(line: Line, encoding: Encoding) -> str:
    """Return the text of a line, without a byte order mark.

    Raises
    ------
    FileFault
        It is in another encoding.
    """
    assert line.data is not None
    try:
        text = line.data.decode(encoding)
    except UnicodeDecodeError:
        raise FileFault(
            faults.ENCODING,
            f"line {line.number} is not UTF-8; set encoding to latin-1 if the file is Latin-1,"
            " or save it as UTF-8",
        ) from None
    return text.removeprefix(BOM) if line.number == 1 else text


def json_records(
    lines: Lines, encoding: Encoding, mapping: Mapping[str, str] | None
) -> Iterator[Record]:
    """Yield the records of JSON Lines. Blank lines are skipped."""
    for line in lines:
        if line.data is None:
            yield Record(line.number, None, TOO_LONG)
            continue
        text = decoded(line, encoding)
        if text.strip():
            yield _json_record(line.number, text, mapping)


def _json_record(number: int, text: str, mapping: Mapping[str, str] | None) -> Record:
    try:
        value = json.loads(text, parse_constant=_not_json)
    except (ValueError, RecursionError):
        return Record(number, None, "the line is not JSON")
    if not isinstance(value, dict):
        return Record(number, None, "the line is not a JSON object")
    if mapping is None:
        return Record(number, value)
    found = {target: value[name] for target, name in mapping.items() if name in value}
    return Record(number, _item(found))


def _not_json(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _item(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a conversation from the values of its fields. Empty ones are left out."""
    given = {target: value for target, value in values.items() if value is not None and value != ""}
    item: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for target, value in given.items():
        if target.startswith(METADATA_PREFIX):
            metadata[target.removeprefix(METADATA_PREFIX)] = value
        elif target == "occurred_at":
            item[target] = _instant(value)
        else:
            item[target] = str(value) if isinstance(value, int | float) else value
    return item | ({"metadata": metadata} if metadata else {})


def _instant(value: Any) -> Any:
    """Return a time in RFC 3339. A time without a zone is UTC; what is no time stays as it is."""
    try:
        instant = datetime.fromisoformat(value.strip())
    except (AttributeError, ValueError):
        return value
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).isoformat()


class Columns(NamedTuple):
    """The columns of a CSV file: the index for each field, and their number."""

    delimiter: str
    indexes: tuple[tuple[str, int], ...]
    width: int


def read_header(
    lines: Lines, encoding: Encoding, delimiter: str | None, mapping: Mapping[str, str] | None
) -> Columns:
    """Read the first record, which names the columns.

    Raises
    ------
    FileFault
        There is none, or no column of the text.
    """
    texts = _texts(lines, encoding)
    first = next((text for text in texts if text.strip()), None)
    if first is None:
        raise FileFault(faults.EMPTY, "the file has no conversation")
    chosen = delimiter or max(DELIMITERS, key=first.count)
    rows = csv.reader(_with_first(first, texts), delimiter=chosen, strict=True)
    names = [name.strip() for name in _next_row(rows, lines) or []]
    wanted = mapping or {
        name: name
        for name in names
        if name in {"text", "external_id", "occurred_at"} or name.startswith(METADATA_PREFIX)
    }
    for target in (mapping or {"text": "text"}).items():
        if target[1] not in names:
            raise FileFault(
                faults.COLUMN,
                f'the header has no column "{target[1]}" for {target[0]}; the mapping names the'
                f" columns, and capital letters matter. The header has {len(names)} columns",
            )
    return Columns(chosen, tuple((t, names.index(n)) for t, n in wanted.items()), len(names))


def _with_first(first: str, more: Iterator[str]) -> Iterator[str]:
    yield first
    yield from more


def _next_row(rows: Iterator[list[str]], lines: Lines) -> list[str] | None:
    try:
        return next(rows, None)
    except csv.Error:
        raise FileFault(
            faults.FORMAT, f"the header, which ends in line {lines.number}, is not CSV"
        ) from None


def csv_records(lines: Lines, encoding: Encoding, columns: Columns) -> Iterator[Record]:
    """Yield the records of CSV after the header. Blank lines are skipped.

    Raises
    ------
    FileFault
        A field has no end.
    """
    csv.field_size_limit(MAX_LINE_BYTES)
    texts = _texts(lines, encoding)
    rows = csv.reader(texts, delimiter=columns.delimiter, strict=True)
    while True:
        first = lines.number + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            if "field larger" in str(error):
                raise FileFault(
                    faults.LINE,
                    f"the record from line {first} on has more than {MAX_LINE_BYTES:,}"
                    " bytes in one field; is a quotation mark missing?",
                ) from None
            yield Record(first, None, "the record is not valid CSV")
            continue
        if row:
            yield _csv_record(first, row, columns)


def _csv_record(number: int, row: list[str], columns: Columns) -> Record:
    if len(row) != columns.width:
        message = f"the record has {len(row)} columns, and the header {columns.width}"
        return Record(number, None, message)
    return Record(number, _item({target: row[index] for target, index in columns.indexes}))


def _texts(lines: Lines, encoding: Encoding) -> Iterator[str]:
    for line in lines:
        if line.data is None:
            raise FileFault(faults.LINE, f"line {line.number}: {TOO_LONG}")
        yield decoded(line, encoding)
