"""Converts an insight to its DynamoDB item and back, and builds the mark of an erased one."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from grok_insights.aws.dynamodb.attributes import (
    Item,
    number,
    number_of,
    text,
    text_of,
    texts,
)
from grok_insights.aws.dynamodb.shards import shard_of
from grok_insights.aws.dynamodb.sizes import value_bytes
from grok_insights.domain import timestamps
from grok_insights.domain.insight import (
    MAX_TOPICS,
    Failure,
    Insight,
    Status,
    Tally,
    tally,
)
from grok_insights.domain.labels import TOPIC, CountedLabel
from grok_insights.domain.trends import KINDS

if TYPE_CHECKING:
    from grok_insights.domain.conversation import Lifetime

ERASED: Final = "erased"
"""The status of a mark, with which `erasure` replaces an insight for a day."""

INSIGHT_IDENTITY: Final = ("conversation_id", "generation", "revision", "erased")
"""The attributes that distinguish two items with the same id."""

TALLY: Final = (
    "#kind, occurred_at, #labels, long_labels, tokens_used, cost_ticks, processing_time_ms, #ttl"
)
COUNTED: Final = f"conversation_id, generation, revision, erased, #status, {TALLY}"
"""A projection: what identifies an insight, and what it added to the counters."""

FAILURE: Final = "error_code, gave_up, attempts, redrives"
"""A projection: what a redelivered message needs of its failed insight."""

REWORK: Final = "#document"
"""A projection: what a job needs of the insight that it replaces."""

TALLY_NAMES: Final = {"#kind": "kind", "#labels": "labels", "#ttl": "ttl"}
PROJECTION_NAMES: Final = {"#status": "status", **TALLY_NAMES}
REWORK_NAMES: Final = {"#document": "document", **PROJECTION_NAMES}
"""Placeholders for names in these projections that DynamoDB reserves."""

MAX_INDEXED_LABEL_BYTES: Final = 550
"""The size of labels that an index entry may contain, so that it stays below 1 KB. Labels that are
larger are stored under another name, and a recount reads them from the item."""


class Counted(NamedTuple):
    """A stored insight: its identity, its status, and what it added to the counters.

    ``error_code``, ``gave_up``, ``attempts`` and ``redrives`` are set for a failed insight only.
    """

    conversation_id: str
    generation: int
    revision: int
    status: Status
    tally: Tally
    error_code: str
    gave_up: bool
    attempts: int
    redrives: int


def counted_of(item: Item) -> Counted:
    """Return the counted insight of an item.

    Call this with `parsed`, since a damaged item raises many kinds of errors.
    """
    return Counted(
        conversation_id=item["conversation_id"]["S"],
        generation=int(item["generation"]["N"]),
        revision=int(item["revision"]["N"]),
        status=Status(item["status"]["S"]),
        tally=tally_of(item),
        error_code=text_of(item, "error_code") or "",
        gave_up=number_of(item, "gave_up") == 1,
        attempts=number_of(item, "attempts"),
        redrives=number_of(item, "redrives"),
    )


def tally_of(item: Item) -> Tally:
    """Return what a stored insight added to the counters."""
    kind = item["kind"]["S"]
    if kind not in KINDS:
        raise ValueError("the kind is unknown")
    return Tally(
        occurred_at=timestamps.from_text(item["occurred_at"]["S"]),
        kind=kind,
        labels=labels_of(item),
        tokens=number_of(item, "tokens_used"),
        cost_ticks=number_of(item, "cost_ticks"),
        processing_time_ms=number_of(item, "processing_time_ms"),
        expires_at=int(item["ttl"]["N"]),
    )


def labels_of(item: Item) -> tuple[CountedLabel, ...]:
    """Return the labels of a stored insight."""
    by_dimension = item["labels" if "labels" in item else "long_labels"]["M"]
    return tuple(
        CountedLabel(dimension, str(value["S"]))
        for dimension, values in by_dimension.items()
        for value in (values["L"] if dimension == TOPIC else [values])
    )


def position_of(occurred_at: datetime, conversation_id: str) -> str:
    """Return the position of an insight in lists: it is unique, and sorts by time.

    Raises
    ------
    ValueError
        The id is not a UUID.
    """
    identity = urlsafe_b64encode(UUID(conversation_id).bytes).decode().rstrip("=")
    return timestamps.to_text(occurred_at) + identity


def is_mark(item: Item) -> bool:
    """Return whether an item is the mark of an erased insight."""
    return item.get("status") == text(ERASED)


def valid_document(item: Item) -> str:
    """Return the JSON document that the API shows.

    Raises
    ------
    ValueError, KeyError
        There is none, or it is not a JSON object, which would break the list that contains it.
    """
    document = item["document"]["S"]
    if not isinstance(json.loads(document), dict):
        raise ValueError("the document is not a JSON object")  # noqa: TRY004 - its text is wrong
    return str(document)


def mark_item(conversation_id: str, generation: int, ends_at: int) -> dict[str, Any]:
    """Return a mark. While it exists, no insight of its generation or an earlier one is saved.

    ``ends_at`` is in epoch seconds.
    """
    return {
        "conversation_id": text(conversation_id),
        "status": text(ERASED),
        "erased": number(generation),
        "ttl": number(ends_at),
    }


def insight_to_item(
    insight: Insight, shards: int, lifetime: Lifetime, *, revision: int = 1
) -> dict[str, Any]:
    """Return the item of an insight."""
    counted = tally(insight, lifetime.expires_at)
    topics = [label.value for label in counted.labels if label.dimension == TOPIC]
    shard = shard_of(insight.conversation_id, shards)
    return {
        "conversation_id": text(insight.conversation_id),
        "generation": number(lifetime.generation),
        "revision": number(revision),
        "status": text(insight.status),
        "kind": text(counted.kind),
        "occurred_at": text(timestamps.to_text(insight.occurred_at)),
        "tokens_used": number(counted.tokens),
        "cost_ticks": number(counted.cost_ticks),
        "processing_time_ms": number(counted.processing_time_ms),
        "document": text(json.dumps(insight.as_json(), ensure_ascii=False, separators=(",", ":"))),
        "ttl": number(counted.expires_at),
        **_failure(insight),
        **_labels(counted.labels),
        "position": text(position_of(insight.occurred_at, insight.conversation_id)),
        "time_shard": text(str(shard)),
        "kind_shard": text(f"{counted.kind}#{shard}"),
        **{
            f"topic_{place}": text(f"{topic}#{shard}")
            for place, topic in enumerate(topics[:MAX_TOPICS], start=1)
        },
    }


def _labels(labels: tuple[CountedLabel, ...]) -> dict[str, Any]:
    """Return the attributes with the labels, and with their codes for filters of index entries."""
    topics = [label.value for label in labels if label.dimension == TOPIC]
    others = {label.dimension: text(label.value) for label in labels if label.dimension != TOPIC}
    by_dimension: Any = {"M": ({TOPIC: texts(topics)} if topics else {}) | others}
    is_long = value_bytes(by_dimension) > MAX_INDEXED_LABEL_BYTES
    return {
        "long_labels" if is_long else "labels": by_dimension,
        "tags": text("".join(label.tag for label in labels)),
    }


def _failure(insight: Insight) -> dict[str, Any]:
    """Return the attributes of `FAILURE`; empty for a completed insight."""
    if not isinstance(insight.outcome, Failure):
        return {}
    return {
        "error_code": text(insight.outcome.code),
        "gave_up": number(int(insight.outcome.gave_up)),
        "attempts": number(insight.origin.attempts),
        "redrives": number(insight.origin.redrives),
    }
