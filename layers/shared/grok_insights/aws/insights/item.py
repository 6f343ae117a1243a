"""The item of an insight, written and read, and the mark that stands where one was erased."""

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
from grok_insights.domain.insight import MAX_TOPICS, Failure, Insight, Status, Tally, tally
from grok_insights.domain.trends import KINDS

if TYPE_CHECKING:
    from grok_insights.domain.conversation import Lifetime

ERASED: Final = "erased"
"""Status of a mark, which is no insight: `erasure` leaves it for a day where one was."""

IDENTITY: Final = ("conversation_id", "generation", "revision", "erased")
"""What tells two items under one id apart."""

COUNTED: Final = (
    "conversation_id, generation, revision, erased, #status, #kind, created_at, topics,"
    " tokens_used, cost_ticks, processing_time_ms"
)
"""What identifies an insight, and what it added to the counters, as a projection."""

FAILURE: Final = "error_code, gave_up, attempts, redrives"
"""What a message must know of the failed insight that it meets, as a projection."""

NAMES: Final = {"#status": "status", "#kind": "kind"}
"""Names in these projections that are DynamoDB's own words."""


class Counted(NamedTuple):
    """A stored insight: which one it is, how it ended, and what it added to the counters.

    ``error_code``, ``gave_up``, ``attempts`` and ``redrives`` are those of a failed one.
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
    """The insight of an item. Use `parsed`: a damaged item raises many kinds of errors."""
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
    """What a stored insight added to the counters."""
    kind = item["kind"]["S"]
    if kind not in KINDS:
        raise ValueError("an unknown kind")
    return Tally(
        created_at=timestamps.from_text(item["created_at"]["S"]),
        kind=kind,
        topics=texts_of(item, "topics"),
        tokens=number_of(item, "tokens_used"),
        cost_ticks=number_of(item, "cost_ticks"),
        processing_time_ms=number_of(item, "processing_time_ms"),
    )


def is_mark(item: Item) -> bool:
    """Whether an item only says that a conversation was erased."""
    return item.get("status") == text(ERASED)


def valid_document(item: Item) -> str:
    """The JSON that the API shows.

    Raises
    ------
    ValueError, KeyError
        There is none, or it is no JSON object, which would break the list that it is put into.
    """
    document = item["document"]["S"]
    if not isinstance(json.loads(document), dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - it is the text that is wrong
    return str(document)


def mark_item(conversation_id: str, generation: int, ends_at: int) -> dict[str, Any]:
    """The mark: no insight of this generation, or of an earlier one, is saved while it stands.

    ``ends_at`` is in seconds since 1970.
    """
    return {
        "conversation_id": text(conversation_id),
        "status": text(ERASED),
        "erased": number(generation),
        "ttl": number(ends_at),
    }


def to_item(
    insight: Insight, shards: int, lifetime: Lifetime, *, revision: int = 1
) -> dict[str, Any]:
    """The item of an insight."""
    counted = tally(insight)
    created_at = timestamps.to_text(insight.created_at)
    shard = shard_of(insight.conversation_id, shards)
    return {
        "conversation_id": text(insight.conversation_id),
        "generation": number(lifetime.generation),
        "revision": number(revision),
        "status": text(insight.status),
        "kind": text(counted.kind),
        "created_at": text(created_at),
        "topics": texts(counted.topics),
        "tokens_used": number(counted.tokens),
        "cost_ticks": number(counted.cost_ticks),
        "processing_time_ms": number(counted.processing_time_ms),
        "document": text(json.dumps(insight.as_json(), ensure_ascii=False, separators=(",", ":"))),
        "ttl": number(int(lifetime.expires_at.timestamp())),
        **_failure(insight),
        "position": text(f"{created_at}#{insight.conversation_id}"),
        "time_shard": text(str(shard)),
        "kind_shard": text(f"{counted.kind}#{shard}"),
        **{
            f"topic_{place}": text(f"{topic}#{shard}")
            for place, topic in enumerate(counted.topics[:MAX_TOPICS], start=1)
        },
    }


def _failure(insight: Insight) -> dict[str, Any]:
    """What a redelivered message must know of the failed insight that it meets."""
    if not isinstance(insight.outcome, Failure):
        return {}
    return {
        "error_code": text(insight.outcome.code),
        "gave_up": number(int(insight.outcome.gave_up)),
        "attempts": number(insight.origin.attempts),
        "redrives": number(insight.origin.redrives),
    }
