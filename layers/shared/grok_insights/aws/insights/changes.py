"""Makes events of the records of the Insights table's stream.

A record contains the item before and after a change. Items are removed only when they have expired,
which is no event: the service itself never removes an item, but replaces it by a mark.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from grok_insights.aws.dynamodb.attributes import Item, text_of
from grok_insights.aws.dynamodb.items import DAMAGE
from grok_insights.aws.insights.item import is_mark, labels_of
from grok_insights.bodies.events import Event
from grok_insights.domain import timestamps
from grok_insights.domain.events import EventType, Reason, event_id
from grok_insights.domain.insight import FieldValue, Sentiment, Status
from grok_insights.domain.labels import FIELD_PREFIX, of_field

Json = dict[str, Any]


class _Version(NamedTuple):
    """What distinguishes two insights of the same conversation. They sort by time."""

    generation: int
    revision: int


def event_of(record: Mapping[str, Any]) -> Event | None:
    """Return the event of a stream record; None if there is nothing to tell.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError
        The item is damaged.
    """
    new: Item = record["dynamodb"].get("NewImage") or {}
    old: Item = record["dynamodb"].get("OldImage") or {}
    if not new:
        return None
    if is_mark(new):
        return _erased(new, old)
    version, earlier = _version(new), _version_or_none(old)
    if version == earlier:
        return None
    is_redrive = earlier is not None and earlier.generation == version.generation
    reason = text_of(new, "reason") or (Reason.REDRIVE if is_redrive else Reason.NEW)
    return _analysed(new, version, Reason(reason))


def _analysed(item: Item, version: _Version, reason: Reason) -> Event:
    if Status(item["status"]["S"]) is Status.COMPLETED:
        return Event(EventType.INSIGHT_COMPLETED, _completed(item, version, reason))
    return Event(EventType.INSIGHT_FAILED, _failed(item, version, reason))


def _completed(item: Item, version: _Version, reason: Reason) -> Json:
    document = json.loads(item["document"]["S"])
    return _heading(EventType.INSIGHT_COMPLETED, item, version, document) | {
        "reason": reason,
        "sentiment": Sentiment(document["sentiment"]),
        "topics": [_text(topic) for topic in document["topics"]],
        "fields": _fields(item, document),
        "segments": _segments(document),
    }


def _failed(item: Item, version: _Version, reason: Reason) -> Json:
    document = json.loads(item["document"]["S"])
    return _heading(EventType.INSIGHT_FAILED, item, version, document) | {
        "reason": reason,
        "error_code": _text(document["error"]["code"]),
        "segments": _segments(document),
    }


def _heading(event_type: EventType, item: Item, version: _Version, document: Json) -> Json:
    """Return what the details of both kinds of insights begin with."""
    external = {"external_id": _text(document["external_id"])} if "external_id" in document else {}
    occurred_at = timestamps.to_text(timestamps.from_text(document["occurred_at"]))
    return _ids(event_type, item, version) | external | {"occurred_at": occurred_at}


def _erased(mark: Item, old: Item) -> Event | None:
    """Return the event of a mark; None if the mark of the same erasure is replaced.

    An erased conversation has one, whether or not it had an insight.
    """
    generation = int(mark["erased"]["N"])
    if is_mark(old) and old.get("erased") == mark["erased"]:
        return None
    earlier = _version_or_none(old)
    has_insight = earlier is not None and earlier.generation == generation
    version = _Version(generation, earlier.revision + 1 if earlier and has_insight else 1)
    ids = _ids(EventType.CONVERSATION_ERASED, mark, version)
    return Event(EventType.CONVERSATION_ERASED, ids)


def _ids(event_type: EventType, item: Item, version: _Version) -> Json:
    identity = _text(item["conversation_id"]["S"])
    return {
        "event_id": event_id(event_type, identity, version.generation, version.revision),
        "id": identity,
        "conversation_id": identity,
        "generation": version.generation,
        "sequence": version.revision,
    }


def _version(item: Item) -> _Version:
    return _Version(int(item["generation"]["N"]), int(item["revision"]["N"]))


def _version_or_none(item: Item) -> _Version | None:
    """Return the version of an insight; None for a mark, a damaged item or no item."""
    try:
        return None if is_mark(item) else _version(item)
    except DAMAGE:
        return None


def _fields(item: Item, document: Json) -> dict[str, FieldValue]:
    """Return the fields under which the insight is counted. A text or null is not among them."""
    found: dict[str, FieldValue] = {}
    for label in labels_of(item):
        if label.dimension.startswith(FIELD_PREFIX):
            name = label.dimension.removeprefix(FIELD_PREFIX)
            value = document["fields"][name]
            if not isinstance(value, str | bool | int) or of_field(name, value) != label:
                raise ValueError("a field has another value than the one that is counted")
            found[name] = value
    return found


def _segments(document: Json) -> dict[str, str]:
    return {_text(name): _text(value) for name, value in document.get("segments", {}).items()}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
