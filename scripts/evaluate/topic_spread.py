"""Shows how many different topics the mock names, as a table: ``make topic-spread DATA=file``.

The file has one JSON object with ``text`` or ``messages`` on each line. Its name ends in
``.gz`` if it is packed.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

from rich.console import Console
from rich.table import Table

from grok_insights.domain.conversation import Role, Turn, transcript
from grok_insights.grok.heuristics.phrases import singular
from grok_insights.grok.heuristics.reading import analyse_text

TOPICS = 60


def main() -> None:
    """Print the most frequent topics of the conversations in a file, and their share."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m scripts.evaluate.topic_spread conversations.jsonl[.gz]")
    topics = (analyse_text(text).topics for text in texts(Path(sys.argv[1])))
    counts = Counter(topic for found in topics for topic in found)
    console = Console()
    console.print(_table(counts))
    console.print(f"{counts.total()} mentions of {len(counts)} different topics")
    console.print(f"{share_of_most_frequent(counts, TOPICS):.1%} fall into the first {TOPICS}")
    pairs = ", ".join(" and ".join(pair) for pair in near_duplicates(list(counts)))
    console.print(f"near-duplicates: {pairs or 'none'}")


def texts(path: Path) -> Iterator[str]:
    """Yield the texts of a file of JSON Lines, packed or not."""
    raw = path.read_bytes()
    unpacked = gzip.decompress(raw) if path.suffix == ".gz" else raw
    for line in unpacked.splitlines():
        found = json.loads(line)
        turns = (Turn(Role(it["role"]), it["text"]) for it in found.get("messages", ()))
        yield found.get("text") or transcript(turns)


def share_of_most_frequent(counts: Counter[str], topics: int) -> float:
    """Return which share of all mentions falls into the ``topics`` most frequent topics."""
    total = counts.total()
    return sum(count for _, count in counts.most_common(topics)) / total if total else 1.0


def near_duplicates(topics: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of topics that have the same words, in any order, singular or plural."""
    return [pair for pair in combinations(sorted(topics), 2) if len(set(map(_words, pair))) == 1]


def _words(topic: str) -> frozenset[str]:
    return frozenset(map(singular, topic.split("_")))


def _table(counts: Counter[str]) -> Table:
    table = Table("Topic", "Conversations", "Share so far", box=None)
    for topic, count, share in _rows(counts.most_common(TOPICS), counts.total()):
        table.add_row(topic, str(count), f"{share:.1%}")
    return table


def _rows(counted: Iterable[tuple[str, int]], total: int) -> Iterator[tuple[str, int, float]]:
    so_far = 0
    for topic, count in counted:
        so_far += count
        yield topic, count, so_far / total


if __name__ == "__main__":
    main()
