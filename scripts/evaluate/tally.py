"""Counts what the measures need, conversation by conversation, so that counts can be added. Pure.

A tally maps keys to counts: ``("sentiment", expected, found)`` and ``("fields.NAME", expected,
found)`` for the confusion matrices, ``("topics", topic, part)`` with the parts ``expected``,
``found`` and ``both``, ``("latency_ms", milliseconds, "")``, and ``("sum", name, "")``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from scripts.evaluate.judgement import Judgement, Labels

FAILED: Final = "(failed)"
"""The answer of a call that failed, in a confusion matrix."""

Key = tuple[str, str, str]
Tally = Mapping[Key, int]
Confusion = Mapping[tuple[str, str], int]
"""How often each pair of an expected and a found class occurs."""


class Counts(NamedTuple):
    """How often a topic was expected, found, and both."""

    expected: int = 0
    found: int = 0
    both: int = 0

    @property
    def precision(self) -> float:
        """Return the share of the found topics that were expected; 0 if none was found."""
        return ratio(self.both, self.found)

    @property
    def recall(self) -> float:
        """Return the share of the expected topics that were found; 0 if none was expected."""
        return ratio(self.both, self.expected)

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        return ratio(2 * self.both, self.expected + self.found)


def tally_of(judgements: Iterable[Judgement]) -> Tally:
    """Return the counts of these judgements. A failed call is a wrong answer of each kind."""
    tally: Counter[Key] = Counter()
    for it in judgements:
        tally.update(_classes(it.expected, it.found))
        tally.update(_topics(it.expected, it.found))
        tally[("latency_ms", str(round(it.latency_seconds * 1_000)), "")] += 1
        for name, count in _sums(it):
            tally[("sum", name, "")] += count
    return tally


def _classes(expected: Labels, found: Labels | None) -> Iterator[Key]:
    yield "sentiment", str(expected.sentiment), str(found.sentiment) if found else FAILED
    for name, value in expected.fields.items():
        answer = shown(found.fields.get(name)) if found else FAILED
        yield f"fields.{name}", shown(value), answer


def _topics(expected: Labels, found: Labels | None) -> Iterator[Key]:
    if expected.topics is None:
        return
    theirs, ours = set(expected.topics), set(found.topics or ()) if found else set[str]()
    yield from (("topics", topic, "expected") for topic in theirs)
    yield from (("topics", topic, "found") for topic in ours)
    yield from (("topics", topic, "both") for topic in theirs & ours)


def _sums(it: Judgement) -> Iterator[tuple[str, int]]:
    yield "calls", 1
    yield "answered", int(it.found is not None)
    yield "tokens", it.tokens
    yield "cost_ticks", it.cost_ticks
    yield "verified_quotes", it.verified_quotes
    yield "unverified_quotes", it.unverified_quotes


def added(tallies: Iterable[tuple[Tally, int]]) -> Tally:
    """Return the sum of tallies, each as often as the number beside it."""
    total: dict[Key, int] = {}
    for tally, times in tallies:
        for key, count in tally.items():
            total[key] = total.get(key, 0) + count * times
    return total


def confusions_of(tally: Tally) -> dict[str, Confusion]:
    """Return the confusion matrices of the sentiment and the labelled fields, by name."""
    found: dict[str, dict[tuple[str, str], int]] = {}
    for (name, expected, answer), count in tally.items():
        if name == "sentiment" or name.startswith("fields."):
            found.setdefault(name, {})[expected, answer] = count
    return dict(sorted(found.items(), key=lambda item: (item[0] != "sentiment", item[0])))


def topics_of(tally: Tally) -> dict[str, Counts]:
    """Return the counts of each topic that was expected or found, where topics are labelled."""
    names = sorted({topic for name, topic, _ in tally if name == "topics"})
    return {
        topic: Counts(*(tally.get(("topics", topic, part), 0) for part in Counts._fields))
        for topic in names
    }


def latencies_of(tally: Tally) -> dict[float, int]:
    """Return how often each latency in seconds occurs, in rising order."""
    found = {int(ms): count for (name, ms, _), count in tally.items() if name == "latency_ms"}
    return {ms / 1_000: found[ms] for ms in sorted(found)}


def sum_of(tally: Tally, name: str) -> int:
    """Return a sum, such as ``tokens``."""
    return tally.get(("sum", name, ""), 0)


def shown(value: object) -> str:
    """Return the value of a field as JSON, but a text without quotation marks."""
    return value if isinstance(value, str) else json.dumps(value)


def ratio(part: float, whole: float) -> float:
    """Return the quotient, and 0 instead of a division by 0."""
    return part / whole if whole else 0.0
