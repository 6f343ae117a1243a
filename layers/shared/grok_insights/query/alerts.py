"""Reads the alert rules, and the alerts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from grok_insights.errors import Unavailable, UnreadableItem

if TYPE_CHECKING:
    from grok_insights.aws.state.alerts import AlertStore
    from grok_insights.bodies.alerts import (
        AlertBody,
        AlertRulesBody,
        AlertsBody,
        StoredRuleBody,
    )
    from grok_insights.domain.alerts import AlertBook, AlertStatus


@dataclass(frozen=True, slots=True)
class ReadAlerts:
    """The use case."""

    store: AlertStore

    def rules(self) -> AlertRulesBody:
        """Return all rules by name.

        Raises
        ------
        Unavailable
            The stored rules are damaged.
        """
        return {"items": [cast("StoredRuleBody", rule.as_json()) for rule in self._book().rules]}

    def alerts(self, status: AlertStatus | None) -> AlertsBody:
        """Return the alerts, newest first: all, or those with a status.

        Raises
        ------
        Unavailable
            The stored alerts are damaged.
        """
        return {
            "items": [
                cast("AlertBody", alert.as_json())
                for alert in self._book().alerts
                if status in {None, alert.status}
            ]
        }

    def _book(self) -> AlertBook:
        try:
            return self.store.book()
        except UnreadableItem as error:
            raise Unavailable(str(error)) from None
