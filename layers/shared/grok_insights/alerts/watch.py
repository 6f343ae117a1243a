"""Evaluates the alert rules: one event when a breach begins, and one when it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from grok_insights.bodies.events import Event
from grok_insights.domain.alerts import Alert, AlertBook, Notice
from grok_insights.domain.events import EventType
from grok_insights.errors import EventsNotSent
from grok_insights.telemetry import MetricUnit, logger, metrics

if TYPE_CHECKING:
    from grok_insights.aws.event_bus import EventBus
    from grok_insights.aws.state.alerts import AlertStore
    from grok_insights.aws.windows import Windows
    from grok_insights.bodies.events import TrendAlertBody


@dataclass(frozen=True, slots=True)
class WatchTrends:
    """The use case. It runs on a schedule. Runs at the same time do no harm.

    The alert and the event about it are stored in one write, before the event is sent. A run that
    ends in between leaves the event to the next run, which sends it with the same id.
    """

    windows: Windows
    store: AlertStore
    bus: EventBus
    now: Callable[[], datetime]

    def run(self) -> None:
        """Evaluate all rules, and send all events that are not sent yet.

        Raises
        ------
        ClientError, BotoCoreError, TimeoutError, UnreadableItem
            The rules could not be read or evaluated.
        EventsNotSent
            Events were not sent. The next run sends them.
        """
        now = self.now()
        book = self.store.change(
            lambda book: book.evaluated(self.windows.counted(book.rules, now), now)
        ).after
        metrics.add_metric("AlertRulesEvaluated", MetricUnit.Count, len(book.rules))
        metrics.add_metric("AlertsBreached", MetricUnit.Count, len(book.breached()))
        if book.unsent:
            self._send(book)

    def _send(self, book: AlertBook) -> None:
        notices = book.notices()
        unsent = self.bus.put([event_of(*one) for one in notices])
        sent = [notice for at, (notice, _) in enumerate(notices) if at not in unsent]
        self.store.change(lambda present: present.without_notices(sent))
        metrics.add_metric("AlertEventsSent", MetricUnit.Count, len(sent))
        for notice in sent:
            ids = {"alert_id": notice.alert_id, "status": notice.status}
            logger.info("an event about an alert was sent", extra=ids)
        if unsent:
            raise EventsNotSent(f"{len(unsent)} events about alerts were not sent")


def event_of(notice: Notice, alert: Alert) -> Event:
    """Return the event about the begin or the end of an alert."""
    shown = alert.as_json()
    detail: TrendAlertBody = {
        "event_id": notice.event_id,
        "alert_id": alert.id,
        "status": notice.status,
        "rule": shown["rule"],
        "since": alert.since,
        "window": shown["window"],
        "count": alert.count,
        "completed": alert.completed,
        "value": alert.value,
    }
    if notice.status == "ended":
        detail["ended_at"] = alert.ended_at
    return Event(EventType.TREND_ALERT, {**detail})
