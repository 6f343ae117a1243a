"""Checks that a remap changes topics and segments of an insight as a profile says, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tests.simulation import recount

if TYPE_CHECKING:
    from tests.simulation.dynamodb import DynamoDB
    from tests.simulation.versions import Version

Item = Mapping[str, Any]

OWN = {"document", "revision", "job_id", "reason", "labels", "long_labels", "tags"}
"""Attributes of an insight that a remap changes, besides the index keys of its topics."""


def faults(old: Item, new: Item, active: int, version: Version | None) -> Iterator[str]:
    """Yield what is wrong with an insight that a remap has saved.

    ``active`` is the number of the active version, as the environment has read it.
    """
    before, after = json.loads(old["document"]["S"]), json.loads(new["document"]["S"])
    by = after["meta"].get("mapping_version")
    if by != active or version is None:
        yield f"is mapped by version {by}, and {active} is active"
        return
    if before.get("status") != "completed":
        yield "replaces a failure"
        return
    if _mapped(before) == _mapped(after):
        yield "has the topics and segments of the one before"
    if after["topics"] != version.mapped(before["topics"]):
        yield f"has the topics {after['topics']}, which were {before['topics']}"
    if _rest(before) != _rest(after) or _kept(old) != _kept(new):
        yield "differs in more than its topics and segments"


def unmapped(dynamodb: DynamoDB, version: Version, since: str) -> Iterator[str]:
    """Yield the conversations since a time whose completed insight a version maps otherwise."""
    conversations = recount.conversations(dynamodb)
    for item in recount.insights(dynamodb):
        identity = item["conversation_id"]["S"]
        if item["status"]["S"] != "completed" or item["occurred_at"]["S"] < since:
            continue
        if identity in conversations and version.maps(item, conversations[identity]):
            yield identity


def _mapped(document: Item) -> tuple[list[str], dict[str, str]]:
    return document["topics"], document.get("segments", {})


def _rest(document: Item) -> dict[str, Any]:
    """Return what a remap leaves as it is."""
    meta = {name: one for name, one in document["meta"].items() if name != "mapping_version"}
    others = {k: v for k, v in document.items() if k not in {"topics", "segments", "meta"}}
    return {**others, "meta": meta}


def _kept(item: Item) -> dict[str, Any]:
    return {k: v for k, v in item.items() if k not in OWN and not k.startswith("topic_")}
