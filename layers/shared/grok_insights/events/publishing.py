"""Sends the events of a batch of the Insights table's stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from grok_insights.aws.dynamodb.items import DAMAGE
from grok_insights.aws.event_bus import MAX_REQUEST_BYTES, EventBus, size_of
from grok_insights.aws.insights.changes import event_of
from grok_insights.bodies.events import Event
from grok_insights.errors import EventsNotSent
from grok_insights.telemetry import MetricUnit, logger, metrics

Record = Mapping[str, Any]


class _Change(NamedTuple):
    """An event, and the sequence number of its record in the stream."""

    sequence_number: str
    event: Event


@dataclass(frozen=True, slots=True)
class Publishing:
    """Sends events to the bus."""

    bus: EventBus

    def batch(self, records: Sequence[Record]) -> str | None:
        """Send the events of records, and return the sequence number of the first that failed.

        Lambda delivers this record and all later ones again. None means that none failed. A
        damaged item is logged, counted and left out, because it would otherwise block the stream.

        Raises
        ------
        EventsNotSent
            No event of the batch was sent.
        """
        changes = list(self._changes(records))
        unsent = self.bus.put([change.event for change in changes])
        metrics.add_metric("EventsSent", MetricUnit.Count, len(changes) - len(unsent))
        if not unsent:
            return None
        if len(unsent) == len(changes):
            raise EventsNotSent("no event of the batch was sent")
        return changes[min(unsent)].sequence_number

    def _changes(self, records: Sequence[Record]) -> Iterator[_Change]:
        skipped = 0
        for record in records:
            try:
                event = event_of(record)
                is_too_large = event is not None and size_of(event) > MAX_REQUEST_BYTES
            except DAMAGE:
                event, is_too_large = None, True
            if is_too_large:
                skipped += 1
                logger.error("an event cannot be made of an item", extra={"id": _id_of(record)})
            elif event is not None:
                yield _Change(record["dynamodb"]["SequenceNumber"], event)
        metrics.add_metric("EventsSkipped", MetricUnit.Count, skipped)


def _id_of(record: Record) -> str | None:
    """Return the id of the conversation whose item changed."""
    try:
        return str(record["dynamodb"]["Keys"]["conversation_id"]["S"])
    except DAMAGE:
        return None
