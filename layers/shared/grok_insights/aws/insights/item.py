"""Converts an insight to its DynamoDB item and back, and builds the mark of an erased one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from grok_insights.aws.dynamodb.attributes import (
    Item,
    number,
    number_of,
    text,
    text_of,
    texts,
    texts_of,
)
from grok_insights.aws.dynamodb.shards import shard_of
from grok_insights.domain import timestamps
from grok_insights.domain.insight import (
    MAX_TOPICS,
    Analysis,
    Failure,
    Insight,
    Status,
    Tally,
    tally,
)
from grok_insights.domain.trends import KINDS

if TYPE_CHECKING:
    from grok_insights.domain.conversation import Lifetime

ERASED: Final = "erased"
"""The status of a mark, with which `erasure` replaces an insight for a day."""

INSIGHT_IDENTITY: Final = ("conversation_id", "generation", "revision", "erased")
"""The attributes that distinguish two items with the same id."""

COUNTED: Final = (
    "conversation_id, generation, revision, erased, #status, #kind, occurred_at, topics,"
    " tokens_used, cost_ticks, processing_time_ms"
)
"""A projection: what identifies an insight, and what it added to the counters."""

FAILURE: Final = "error_code, gave_up, attempts, redrives"
"""A projection: what a redelivered message needs of its failed insight."""

PROJECTION_NAMES: Final = {"#status": "status", "#kind": "kind"}
"""Placeholders for names in these projections that DynamoDB reserves."""


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
        topics=texts_of(item, "topics"),
        tokens=number_of(item, "tokens_used"),
        cost_ticks=number_of(item, "cost_ticks"),
        processing_time_ms=number_of(item, "processing_time_ms"),
    )


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
    counted = tally(insight)
    occurred_at = timestamps.to_text(insight.occurred_at)
    shard = shard_of(insight.conversation_id, shards)
    return {
        "conversation_id": text(insight.conversation_id),
        "generation": number(lifetime.generation),
        "revision": number(revision),
        "status": text(insight.status),
        "kind": text(counted.kind),
        "occurred_at": text(occurred_at),
        "topics": texts(counted.topics),
        "tokens_used": number(counted.tokens),
        "cost_ticks": number(counted.cost_ticks),
        "processing_time_ms": number(counted.processing_time_ms),
        "document": text(json.dumps(insight.as_json(), ensure_ascii=False, separators=(",", ":"))),
        "ttl": number(int(lifetime.expires_at.timestamp())),
        **_failure(insight),
        **_counted_fields(insight),
        "position": text(f"{occurred_at}#{insight.conversation_id}"),
        "time_shard": text(str(shard)),
        "kind_shard": text(f"{counted.kind}#{shard}"),
        **{
            f"topic_{place}": text(f"{topic}#{shard}")
            for place, topic in enumerate(counted.topics[:MAX_TOPICS], start=1)
        },
    }


def _counted_fields(insight: Insight) -> dict[str, Any]:
    """Return the fields that events contain; empty if there are none. Texts are not among them."""
    fields = insight.outcome.fields if isinstance(insight.outcome, Analysis) else {}
    return {"counted_fields": text(json.dumps(dict(fields)))} if fields else {}


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
