"""Alerts: which rules are breached since when, and which events about it are not sent yet. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

from grok_insights.domain import timestamps
from grok_insights.domain.alert_rules import AlertRule, WindowCount
from grok_insights.errors import Conflict, NotFound
from grok_insights.validation import Model

MAX_RULES: Final = 50
MAX_ENDED: Final = 50
"""Alerts that have ended and are kept. Older ones are forgotten after their events were sent."""

ALERT_NAMESPACE: Final = UUID("0d6a0b8e-9a8c-5d27-b3a5-64a1b3ad3f57")
"""Namespace of ``uuid5`` for the ids of alerts and of their events."""


class AlertStatus(StrEnum):
    """Whether a rule is breached, or was."""

    BREACHED = "breached"
    ENDED = "ended"


class Alert(Model):
    """A breach of a rule. The numbers are those of the window in which it was first seen.

    ``last_window`` is the start of the latest window that breached the rule. ``ended_at`` is empty
    while the rule is breached. All times are RFC 3339 in UTC, to the millisecond.
    """

    id: str
    rule: AlertRule
    since: str
    window_start: str
    window_end: str
    count: int
    completed: int
    value: float
    last_window: str
    ended_at: str = ""

    @property
    def status(self) -> AlertStatus:
        """Whether the rule is still breached."""
        return AlertStatus.ENDED if self.ended_at else AlertStatus.BREACHED

    def as_json(self) -> dict[str, Any]:
        """Return the alert as the API shows it."""
        return {
            "id": self.id,
            "status": self.status,
            "rule": self.rule.as_json(),
            "since": self.since,
            "ended_at": self.ended_at or None,
            "window": {"from": self.window_start, "to": self.window_end},
            "count": self.count,
            "completed": self.completed,
            "value": self.value,
        }


class Notice(Model):
    """An event about an alert that is not known to be sent."""

    alert_id: str
    status: AlertStatus

    @property
    def event_id(self) -> str:
        """The id of the event. It is the same each time that the event is sent."""
        return str(uuid5(ALERT_NAMESPACE, f"{self.alert_id}#{self.status}"))


class Counted(NamedTuple):
    """The counts of a rule's present window and of the one before."""

    present: WindowCount
    before: WindowCount


class AlertBook(Model):
    """All rules by name, all alerts with the newest first, and the notices in order."""

    rules: tuple[AlertRule, ...] = ()
    alerts: tuple[Alert, ...] = ()
    unsent: tuple[Notice, ...] = ()

    def breached(self) -> dict[str, Alert]:
        """Return the alerts that have not ended, by the name of their rule."""
        return {alert.rule.name: alert for alert in self.alerts if not alert.ended_at}

    def rule(self, name: str) -> AlertRule | None:
        """Return the rule with a name; None if there is none."""
        return next((rule for rule in self.rules if rule.name == name), None)

    def with_rule(self, rule: AlertRule) -> AlertBook:
        """Return the book with a rule, or the same book if it has the same rule.

        Raises
        ------
        Conflict
            Another rule has the name, or there are 50 rules.
        """
        existing = self.rule(rule.name)
        if existing and existing.as_json() == rule.as_json():
            return self
        if existing:
            raise Conflict("another rule has this name; delete it first")
        if len(self.rules) >= MAX_RULES:
            raise Conflict(f"there are {MAX_RULES} rules; delete one first")
        rules = sorted((*self.rules, rule), key=lambda one: one.name)
        return self.model_copy(update={"rules": tuple(rules)})

    def without_rule(self, name: str, now: datetime) -> AlertBook:
        """Return the book without a rule. Its alert ends.

        Raises
        ------
        NotFound
            There is no such rule.
        """
        if self.rule(name) is None:
            raise NotFound("there is no alert rule with this name")
        rules = tuple(rule for rule in self.rules if rule.name != name)
        alert = self.breached().get(name)
        book = self._with(_ended(alert, now)) if alert else self
        return book.model_copy(update={"rules": rules})

    def evaluated(self, counts: Mapping[str, Counted], now: datetime) -> AlertBook:
        """Return the book after an evaluation of its rules, or the same book if nothing changed."""
        book, breached = self, self.breached()
        for rule in self.rules:
            before = breached.get(rule.name)
            after = _evaluated(rule, before, counts[rule.name], now)
            if after is not None and after != before:
                book = book._with(after)
        return book

    def notices(self) -> list[tuple[Notice, Alert]]:
        """Return the unsent notices in order, with their alerts."""
        by_id = {alert.id: alert for alert in self.alerts}
        return [(notice, by_id[notice.alert_id]) for notice in self.unsent]

    def without_notices(self, sent: Collection[Notice]) -> AlertBook:
        """Return the book without notices that were sent, and without the oldest alerts."""
        unsent = tuple(notice for notice in self.unsent if notice not in sent)
        return self.model_copy(update={"unsent": unsent, "alerts": _kept(self.alerts, unsent)})

    def _with(self, alert: Alert) -> AlertBook:
        """Return the book with a new or changed alert, and the notice if its status changed."""
        known = {one.id: one.status for one in self.alerts}
        others = tuple(alert if one.id == alert.id else one for one in self.alerts)
        alerts = others if alert.id in known else (alert, *others)
        is_news = known.get(alert.id) != alert.status
        notices = (Notice(alert_id=alert.id, status=alert.status),) if is_news else ()
        return self.model_copy(update={"alerts": alerts, "unsent": (*self.unsent, *notices)})


def _kept(alerts: Sequence[Alert], unsent: Iterable[Notice]) -> tuple[Alert, ...]:
    """Return the alerts without those that have ended, were sent, and are not among the newest."""
    needed = {notice.alert_id for notice in unsent}
    ended = [one.id for one in alerts if one.ended_at and one.id not in needed]
    old = frozenset(ended[MAX_ENDED:])
    return tuple(one for one in alerts if one.id not in old)


def _evaluated(
    rule: AlertRule, alert: Alert | None, counted: Counted, now: datetime
) -> Alert | None:
    """Return the alert of a rule after an evaluation; None if the rule is not breached."""
    present, before = rule.starts(now)
    if rule.is_breached_by(counted.present):
        return _seen(rule, alert, present, counted.present, now)
    is_recent = now - present < rule.window.grace
    if rule.is_breached_by(counted.before) and (alert or is_recent):
        return _seen(rule, alert, before, counted.before, now)
    if alert is not None and timestamps.to_text(present) > alert.last_window:
        return _ended(alert, now)
    return alert


def _seen(
    rule: AlertRule, alert: Alert | None, start: datetime, counted: WindowCount, now: datetime
) -> Alert:
    """Return the alert of a window that breaches the rule: the one that exists, or a new one."""
    window = timestamps.to_text(start)
    if alert is not None:
        return alert.model_copy(update={"last_window": max(window, alert.last_window)})
    since = timestamps.to_text(now)
    return Alert(
        id=str(uuid5(ALERT_NAMESPACE, f"{rule.name}#{since}")),
        rule=rule,
        since=since,
        window_start=window,
        window_end=timestamps.to_text(start + rule.window.interval.width),
        count=counted.count,
        completed=counted.completed,
        value=rule.measured(counted),
        last_window=window,
    )


def _ended(alert: Alert, now: datetime) -> Alert:
    return alert.model_copy(update={"ended_at": timestamps.to_text(now)})
