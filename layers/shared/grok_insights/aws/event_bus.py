"""The stack's event bus of EventBridge."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from grok_insights.aws import jitter
from grok_insights.aws.failures import AWS_FAILURES, response_of
from grok_insights.bodies.events import Event
from grok_insights.domain.events import SOURCE
from grok_insights.telemetry import logger

MAX_ENTRIES: Final = 10
MAX_REQUEST_BYTES: Final = 256 * 1024
"""Limits of one request:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html"""

MAX_ATTEMPTS: Final = 5
"""Requests for an entry that EventBridge did not accept, before it counts as not sent."""

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventBus:
    """Sends events. ``client`` is botocore's for EventBridge."""

    client: Any
    name: str
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = jitter.fraction

    def put(self, events: Sequence[Event]) -> set[int]:
        """Send events, and return the positions of those that were not sent.

        A request has up to 10 events. Only the events that EventBridge did not accept are sent
        again. After a request that failed in the end, no further request is made.
        """
        rest = dict(enumerate(map(self._entry, events)))
        for run in _requests(list(rest.items())):
            unsent = self._put(dict(run))
            for position in dict(run).keys() - unsent.keys():
                del rest[position]
            if unsent:
                break
        return set(rest)

    def _put(self, entries: dict[int, Entry]) -> dict[int, Entry]:
        """Send the entries of one request, and return those that were not accepted."""
        for attempt in range(MAX_ATTEMPTS):
            try:
                response = self.client.put_events(Entries=list(entries.values()))
            except AWS_FAILURES as error:
                code = response_of(error).get("Error", {}).get("Code", type(error).__name__)
                logger.error("events were not sent", extra={"code": code, "events": len(entries)})
                return entries
            pairs = zip(entries.items(), response["Entries"], strict=True)
            entries = dict(item for item, result in pairs if "ErrorCode" in result)
            if not entries:
                break
            self.sleep(jitter.seconds_before_retry(attempt, self.random()))
        else:
            logger.error("events were not accepted", extra={"events": len(entries)})
        return entries

    def _entry(self, event: Event) -> Entry:
        return {
            "EventBusName": self.name,
            "Source": SOURCE,
            "DetailType": str(event.type),
            "Detail": json.dumps(event.detail, separators=(",", ":")),
        }


def size_of(event: Event) -> int:
    """Return the size of an event in bytes, as EventBridge measures it."""
    detail = json.dumps(event.detail, separators=(",", ":"))
    return len(SOURCE) + len(event.type) + len(detail)


def _requests(entries: list[tuple[int, Entry]]) -> Iterator[list[tuple[int, Entry]]]:
    """Yield groups of entries that fit into one request."""
    run: list[tuple[int, Entry]] = []
    total = 0
    for position, entry in entries:
        size = len(entry["Source"]) + len(entry["DetailType"]) + len(entry["Detail"])
        if run and (len(run) == MAX_ENTRIES or total + size > MAX_REQUEST_BYTES):
            yield run
            run, total = [], 0
        run.append((position, entry))
        total += size
    if run:
        yield run
