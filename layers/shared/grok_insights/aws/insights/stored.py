"""Reads stored insights that a job replaces by a changed one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from grok_insights.aws.dynamodb.attributes import Item
from grok_insights.aws.dynamodb.items import all_parsed
from grok_insights.aws.insights.item import Counted, counted_of, labels_of, valid_document
from grok_insights.domain.insight import Insight
from grok_insights.domain.insight_json import completed_insight
from grok_insights.domain.labels import FIELD_PREFIX


class StoredInsight(NamedTuple):
    """A completed insight, with its identity and its JSON document."""

    counted: Counted
    insight: Insight
    document: str


def stored_insights(items: Iterable[Item]) -> list[StoredInsight]:
    """Return the insights of items. Damaged items are logged and left out."""
    return list(all_parsed(_stored_insight, items, "conversation_id"))


def _stored_insight(item: Item) -> StoredInsight:
    document = valid_document(item)
    fields = {
        label.dimension.removeprefix(FIELD_PREFIX)
        for label in labels_of(item)
        if label.dimension.startswith(FIELD_PREFIX)
    }
    insight = completed_insight(json.loads(document), fields)
    return StoredInsight(counted_of(item), insight, document)
