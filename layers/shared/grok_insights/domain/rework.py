"""Counts what changes when a job replaces an insight. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from grok_insights.domain.version_changes import changes

DONE: Final = "done"
CHANGED: Final = "changed"
FAILED: Final = "failed"
SKIPPED: Final = "skipped"
FLIP: Final = "flip."
ERROR: Final = "error."
NOT_COUNTED: Final = {"summary", "quotes", "error"}
"""Texts, which are seldom the same twice."""


def counts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Counter[str]:
    """Return what one replacement adds to the counts of its job.

    ``changed.NAME`` counts a changed value, and ``flip.BEFORE.AFTER`` a changed sentiment.

    Examples
    --------
    >>> sorted(counts({"sentiment": "negative"}, {"sentiment": "neutral"}))
    ['changed', 'changed.sentiment', 'done', 'flip.negative.neutral']
    """
    found = [one for one in changes(before, after) if one.name not in NOT_COUNTED]
    counted = Counter([DONE, *(f"{CHANGED}.{one.name}" for one in found)])
    if found:
        counted[CHANGED] = 1
    for one in found:
        if one.name == "sentiment" and one.before and one.after:
            counted[f"{FLIP}{one.before}.{one.after}"] = 1
    return counted
