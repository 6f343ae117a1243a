"""The conversations to send: those of a file, or the samples, repeated, one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from scripts.load.errors import LoadTestError
from scripts.occurrence import occurred_at

SAMPLES: Final = Path(__file__).resolve().parents[1] / "samples.jsonl"
LOOKED_AT: Final = 1_000
"""Number of conversations whose length is measured to estimate the cost."""

Conversation = dict[str, Any]


def conversations(path: Path, run: str, count: int, now: datetime) -> Iterator[Conversation]:
    """Return ``count`` conversations: those of a JSON Lines file, repeated.

    Each has its own external id, and took place within the 14 days before ``now``, a later one
    later. Only one line is in memory at a time.

    Raises
    ------
    LoadTestError
        The file cannot be read or is empty, or a line is not a conversation.
    """
    for number, one in enumerate(islice(_repeated(path), count)):
        named = {"external_id": f"load-{run}-{number}"}
        yield {**one, **named, "occurred_at": occurred_at(number, count, now)}


def _repeated(path: Path) -> Iterator[Conversation]:
    while True:
        is_empty = True
        for one in _lines(path):
            is_empty = False
            yield one
        if is_empty:
            raise LoadTestError(f"{path} holds no conversation")


def _lines(path: Path) -> Iterator[Conversation]:
    try:
        with path.open(encoding="utf-8") as stream:
            for place, line in enumerate(stream, start=1):
                if line.strip():
                    yield _conversation(line, f"{path}, line {place}")
    except (OSError, UnicodeDecodeError) as error:
        raise LoadTestError(f"{path} cannot be read: {error}") from None


def _conversation(line: str, where: str) -> Conversation:
    try:
        found = json.loads(line)
    except ValueError:
        raise LoadTestError(f"{where} is not JSON") from None
    if not isinstance(found, dict) or not _has_content(found):
        raise LoadTestError(f'{where} is not an object with a "text" or "messages"')
    return {name: found[name] for name in ("text", "messages", "metadata") if name in found}


def _has_content(found: Conversation) -> bool:
    messages = found.get("messages", [])
    if isinstance(found.get("text"), str):
        return not messages
    return bool(messages) and all(
        isinstance(one, dict) and isinstance(one.get("text"), str) for one in messages
    )


def _chars(one: Conversation) -> int:
    return sum(len(part["text"]) for part in one.get("messages", [one]))


def mean_chars(path: Path) -> float:
    """Return the mean length of the first thousand texts, in characters."""
    lengths = [_chars(one) for one in islice(_lines(path), LOOKED_AT)]
    if not lengths:
        raise LoadTestError(f"{path} holds no conversation")
    return sum(lengths) / len(lengths)
