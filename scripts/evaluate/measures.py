"""The measures of quality. Pure functions of judgements; a failed call is a wrong answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from statistics import fmean
from typing import Final, NamedTuple

from grok_insights.domain import pricing
from scripts.evaluate.judgement import Judgement

FAILED: Final = "(failed)"
"""The answer of a call that failed, in a confusion matrix."""

Confusion = Counter[tuple[str, str]]
"""How often each pair of an expected and a found class occurs."""

Measures = dict[str, float]
"""The value of each measure by its name."""

QUALITY_SUFFIXES: Final = ("accuracy", "macro_f1", "precision", "recall", "f1", "share")


class Counts(NamedTuple):
    """How often a topic was expected, found, and both."""

    expected: int = 0
    found: int = 0
    both: int = 0

    @property
    def precision(self) -> float:
        """Return the share of the found topics that were expected; 0 if none was found."""
        return _ratio(self.both, self.found)

    @property
    def recall(self) -> float:
        """Return the share of the expected topics that were found; 0 if none was expected."""
        return _ratio(self.both, self.expected)

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        return _ratio(2 * self.both, self.expected + self.found)


def measure(judgements: Sequence[Judgement]) -> Measures:
    """Return all measures of these judgements. There must be at least one.

    Shares are from 0 to 1. A measure that does not apply, such as the share of verified quotes
    without quotes, is left out.
    """
    measures = _classes("sentiment", sentiment_confusion(judgements))
    for field in field_names(judgements):
        measures |= _classes(f"fields.{field}", field_confusion(judgements, field))
    return {
        **measures,
        **_topics(topic_counts(judgements)),
        **_quotes(judgements),
        "answered.share": _ratio(sum(it.found is not None for it in judgements), len(judgements)),
        **_usage(judgements),
    }


def is_quality(name: str) -> bool:
    """Return whether more of a measure is better. Less is better of cost, tokens and latency."""
    return name.endswith(QUALITY_SUFFIXES)


def sentiment_confusion(judgements: Iterable[Judgement]) -> Confusion:
    """Return the confusion matrix of the sentiment."""
    return Counter(
        (str(it.expected.sentiment), FAILED if it.found is None else str(it.found.sentiment))
        for it in judgements
    )


def field_names(judgements: Iterable[Judgement]) -> list[str]:
    """Return the names of the labelled fields."""
    return sorted({name for it in judgements for name in it.expected.fields})


def field_confusion(judgements: Iterable[Judgement], field: str) -> Confusion:
    """Return the confusion matrix of a field, where it is labelled. An absent answer is null."""
    return Counter(
        (
            shown(it.expected.fields[field]),
            FAILED if it.found is None else shown(it.found.fields.get(field)),
        )
        for it in judgements
        if field in it.expected.fields
    )


def shown(value: object) -> str:
    """Return the value of a field as JSON, but a text without quotation marks."""
    return value if isinstance(value, str) else json.dumps(value)


def accuracy(confusion: Confusion) -> float:
    """Return the share of right answers."""
    right = sum(count for (expected, found), count in confusion.items() if expected == found)
    return _ratio(right, confusion.total())


def macro_f1(confusion: Confusion) -> float:
    """Return the mean F1 of the classes that were expected or found, failures aside."""
    classes = {name for pair in confusion for name in pair} - {FAILED}
    return fmean(_counts_of(confusion, name).f1 for name in classes) if classes else 0.0


def _counts_of(confusion: Confusion, name: str) -> Counts:
    return Counts(
        sum(count for (expected, _), count in confusion.items() if expected == name),
        sum(count for (_, found), count in confusion.items() if found == name),
        confusion[name, name],
    )


def topic_counts(judgements: Iterable[Judgement]) -> dict[str, Counts]:
    """Return the counts of each topic that was expected or found, where topics are labelled."""
    expected: Counter[str] = Counter()
    found: Counter[str] = Counter()
    both: Counter[str] = Counter()
    for it in judgements:
        if it.expected.topics is not None:
            theirs = set(it.expected.topics)
            ours = set(it.found.topics or ()) if it.found else set[str]()
            expected.update(theirs)
            found.update(ours)
            both.update(theirs & ours)
    return {
        topic: Counts(expected[topic], found[topic], both[topic])
        for topic in sorted(expected | found)
    }


def _classes(name: str, confusion: Confusion) -> Measures:
    return {f"{name}.accuracy": accuracy(confusion), f"{name}.macro_f1": macro_f1(confusion)}


def _topics(counts: Mapping[str, Counts]) -> Measures:
    if not counts:
        return {}
    micro = Counts(*map(sum, zip(*counts.values(), strict=True)))
    labelled = [it for it in counts.values() if it.expected]
    return {
        "topics.micro_precision": micro.precision,
        "topics.micro_recall": micro.recall,
        "topics.micro_f1": micro.f1,
        "topics.macro_precision": _mean(it.precision for it in labelled),
        "topics.macro_recall": _mean(it.recall for it in labelled),
        "topics.macro_f1": _mean(it.f1 for it in labelled),
    }


def _quotes(judgements: Iterable[Judgement]) -> Measures:
    quotes = [(it.verified_quotes, it.unverified_quotes) for it in judgements]
    verified, unverified = (sum(column) for column in zip(*quotes, strict=True))
    total = verified + unverified
    return {"quotes.verified_share": verified / total} if total else {}


def _usage(judgements: Sequence[Judgement]) -> Measures:
    latencies = sorted(it.latency_seconds for it in judgements)
    ticks = sum(it.cost_ticks for it in judgements)
    return {
        "tokens.mean": fmean(it.tokens for it in judgements),
        "cost_usd.mean": float(pricing.usd(ticks)) / len(judgements),
        "latency_seconds.mean": fmean(latencies),
        "latency_seconds.p95": percentile(latencies, 0.95),
    }


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that at least ``share`` (above 0) of the sorted values reach."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def agreement(judgements: Iterable[Judgement]) -> float:
    """Return the share of conversations with the same sentiment in all repeats."""
    answers: dict[str, set[str]] = {}
    for it in judgements:
        answer = FAILED if it.found is None else str(it.found.sentiment)
        answers.setdefault(it.id, set()).add(answer)
    return _ratio(sum(len(found) == 1 for found in answers.values()), len(answers))


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return fmean(listed) if listed else 0.0


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
