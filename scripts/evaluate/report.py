"""The report of a run: everything that tables and comparisons need, without any text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from grok_insights.validation import Model
from scripts.evaluate.bootstrap import Interval, intervals
from scripts.evaluate.judgement import Judgement
from scripts.evaluate.labelled import BadData
from scripts.evaluate.measures import agreement, measure
from scripts.evaluate.tally import (
    Confusion,
    Counts,
    confusions_of,
    sum_of,
    tally_of,
    topics_of,
)

FORMAT: Final = 1


class Source(Model):
    """What was run. The digests are SHA-256 of the files."""

    data: str
    data_digest: str
    conversations: int
    repeats: int
    mode: str
    model: str
    prompt_version: str
    profile: str | None = None
    profile_digest: str | None = None


class TopicFigures(Model):
    """The quality of one topic. ``conversations`` is how often it was expected."""

    precision: float
    recall: float
    f1: float
    conversations: int
    found: int


class GroupFigures(Model):
    """The quality for the conversations of one language or with one tag."""

    conversations: int
    sentiment_accuracy: float
    topics_micro_f1: float | None


class Report(Model):
    """The result of one run.

    ``measures`` have a value and an interval of 95 % each. Confusion matrices map an expected class
    to found classes and their counts.
    """

    format: int = FORMAT
    created_at: datetime
    source: Source
    measures: Mapping[str, Interval]
    agreement: float
    confusion: Mapping[str, Mapping[str, Mapping[str, int]]]
    topics: Mapping[str, TopicFigures]
    groups: Mapping[str, GroupFigures]
    errors: Mapping[str, int]
    models: Mapping[str, int]
    tokens: int
    cost_ticks: int
    judgements: tuple[Judgement, ...]


def report_of(source: Source, judgements: Sequence[Judgement], created_at: datetime) -> Report:
    """Return the report of these judgements. There must be at least one."""
    tally = tally_of(judgements)
    return Report(
        created_at=created_at,
        source=source,
        measures=intervals(judgements),
        agreement=agreement(judgements),
        confusion={name: _nested(it) for name, it in confusions_of(tally).items()},
        topics={name: _figures(it) for name, it in topics_of(tally).items()},
        groups=_groups(judgements),
        errors=Counter(it.error for it in judgements if it.error),
        models=Counter(it.model for it in judgements if it.found),
        tokens=sum_of(tally, "tokens"),
        cost_ticks=sum_of(tally, "cost_ticks"),
        judgements=tuple(judgements),
    )


def read_report(path: Path) -> Report:
    """Return the report in a file.

    Raises
    ------
    BadData
        The file cannot be read, or is not a report of this version.
    """
    try:
        return Report.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadData(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError:
        raise BadData(f"{path} is not a report of make evaluate") from None


def _nested(confusion: Confusion) -> dict[str, dict[str, int]]:
    rows: dict[str, dict[str, int]] = {}
    for (expected, found), count in sorted(confusion.items()):
        rows.setdefault(expected, {})[found] = count
    return rows


def _figures(counts: Counts) -> TopicFigures:
    return TopicFigures(
        precision=counts.precision,
        recall=counts.recall,
        f1=counts.f1,
        conversations=counts.expected,
        found=counts.found,
    )


def _groups(judgements: Iterable[Judgement]) -> dict[str, GroupFigures]:
    groups: dict[str, list[Judgement]] = {}
    for it in judgements:
        names = [f"language {it.language}"] if it.language else []
        for name in (*names, *(f"tag {tag}" for tag in it.tags)):
            groups.setdefault(name, []).append(it)
    return {name: _group(groups[name]) for name in sorted(groups)}


def _group(judgements: Sequence[Judgement]) -> GroupFigures:
    found = measure(judgements)
    return GroupFigures(
        conversations=len({it.id for it in judgements}),
        sentiment_accuracy=found["sentiment.accuracy"],
        topics_micro_f1=found.get("topics.micro_f1"),
    )
