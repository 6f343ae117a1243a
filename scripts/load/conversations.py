"""The conversations to send: those of a file, or the samples, repeated, one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from scripts.load.errors import LoadTestError

SAMPLES: Final = Path(__file__).resolve().parents[1] / "samples.jsonl"
LOOKED_AT: Final = 1_000
"""Number of conversations whose length is measured to estimate the cost."""

Conversation = dict[str, Any]


def conversations(path: Path, run: str) -> Iterator[Conversation]:
    """Repeat the conversations of a JSON Lines file endlessly, each with its own external id.

    Only one line is in memory at a time.

    Raises
    ------
    LoadTestError
        The file cannot be read or is empty, or a line is not a conversation.
    """
    number = 0
    while True:
        before = number
        for one in _lines(path):
            yield {**one, "external_id": f"load-{run}-{number}"}
            number += 1
        if number == before:
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
    if not isinstance(found, dict) or not isinstance(found.get("text"), str):
        raise LoadTestError(f'{where} is not an object with a "text"')
    return {name: found[name] for name in ("text", "metadata") if name in found}


def mean_chars(path: Path) -> float:
    """Return the mean length of the first thousand texts, in characters."""
    lengths = [len(one["text"]) for one in islice(_lines(path), LOOKED_AT)]
    if not lengths:
        raise LoadTestError(f"{path} holds no conversation")
    return sum(lengths) / len(lengths)
