"""The measures of quality, cost and latency. Pure functions of a tally."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from statistics import fmean
from typing import Final

from grok_insights.domain import pricing
from scripts.evaluate.judgement import Judgement
from scripts.evaluate.tally import (
    FAILED,
    Confusion,
    Counts,
    Tally,
    confusions_of,
    latencies_of,
    ratio,
    sum_of,
    tally_of,
    topics_of,
)

Measures = dict[str, float]
"""The value of each measure by its name."""

COST_PREFIXES: Final = ("tokens.", "cost_usd.", "latency_seconds.")


def measure(judgements: Iterable[Judgement]) -> Measures:
    """Return all measures of these judgements. There must be at least one."""
    return measures_of(tally_of(judgements))


def measures_of(tally: Tally) -> Measures:
    """Return all measures of a tally that is not empty.

    Shares are from 0 to 1. A measure that does not apply, such as the share of verified quotes
    without quotes, is left out.
    """
    found: Measures = {}
    for name, confusion in confusions_of(tally).items():
        found[f"{name}.accuracy"] = accuracy(confusion)
        found[f"{name}.macro_f1"] = macro_f1(confusion)
    calls = sum_of(tally, "calls")
    return {
        **found,
        **_topics(topics_of(tally)),
        **_quotes(sum_of(tally, "verified_quotes"), sum_of(tally, "unverified_quotes")),
        "answered.share": sum_of(tally, "answered") / calls,
        "tokens.mean": sum_of(tally, "tokens") / calls,
        "cost_usd.mean": float(pricing.usd(sum_of(tally, "cost_ticks"))) / calls,
        **_latency(latencies_of(tally)),
    }


def is_quality(name: str) -> bool:
    """Return whether more of a measure is better. Less is better of cost, tokens and latency."""
    return not name.startswith(COST_PREFIXES)


def accuracy(confusion: Confusion) -> float:
    """Return the share of right answers."""
    right = sum(count for (expected, found), count in confusion.items() if expected == found)
    return ratio(right, sum(confusion.values()))


def macro_f1(confusion: Confusion) -> float:
    """Return the mean F1 of the classes that were expected or found, failures aside."""
    counts: dict[str, list[int]] = {}
    for (expected, found), count in confusion.items():
        counts.setdefault(expected, [0, 0, 0])[0] += count
        counts.setdefault(found, [0, 0, 0])[1] += count
        counts[expected][2] += count if expected == found else 0
    counts.pop(FAILED, None)
    return _mean(Counts(*parts).f1 for parts in counts.values())


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


def _quotes(verified: int, unverified: int) -> Measures:
    total = verified + unverified
    return {"quotes.verified_share": verified / total} if total else {}


def _latency(seconds: Mapping[float, int]) -> Measures:
    total = sum(seconds.values())
    return {
        "latency_seconds.mean": sum(it * count for it, count in seconds.items()) / total,
        "latency_seconds.p95": percentile(seconds, 0.95),
    }


def percentile(counted: Mapping[float, int], share: float) -> float:
    """Return the smallest value that at least ``share`` of all values do not exceed.

    ``counted`` maps values in rising order to how often they occur. It must not be empty.
    """
    rank = max(1, ceil(share * sum(counted.values())))
    seen = 0
    for value, count in counted.items():
        seen += count
        if seen >= rank:
            return value
    raise ValueError("there are no values")


def agreement(judgements: Iterable[Judgement]) -> float:
    """Return the share of conversations with the same sentiment in all repeats."""
    answers: dict[str, set[str]] = {}
    for it in judgements:
        answer = FAILED if it.found is None else str(it.found.sentiment)
        answers.setdefault(it.id, set()).add(answer)
    return ratio(sum(len(found) == 1 for found in answers.values()), len(answers))


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return fmean(listed) if listed else 0.0
