"""The conversations that are sent: a file's, or the samples, over and over, one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from scripts.load.errors import LoadTestError

SAMPLES: Final = Path(__file__).resolve().parents[1] / "samples.jsonl"
LOOKED_AT: Final = 1_000
"""Conversations whose length is looked at to estimate the cost."""

Conversation = dict[str, Any]


def conversations(path: Path, run: str) -> Iterator[Conversation]:
    """The conversations of a JSON Lines file for ever, each with an external id of its own.

    Only one line is in memory at a time.

    Raises
    ------
    LoadTestError
        The file cannot be read, holds nothing, or a line is no conversation.
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
    """The mean length of the first thousand texts."""
    lengths = [len(one["text"]) for one in islice(_lines(path), LOOKED_AT)]
    if not lengths:
        raise LoadTestError(f"{path} holds no conversation")
    return sum(lengths) / len(lengths)
