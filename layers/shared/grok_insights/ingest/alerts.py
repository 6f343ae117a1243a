"""Adds and removes alert rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from grok_insights.errors import Unavailable, UnreadableItem

if TYPE_CHECKING:
    from grok_insights.aws.state.alerts import AlertStore, Changed
    from grok_insights.domain.alert_rules import AlertRule
    from grok_insights.domain.alerts import AlertBook


@dataclass(frozen=True, slots=True)
class ChangeAlertRules:
    """The use case."""

    store: AlertStore
    now: Callable[[], datetime]

    def add(self, rule: AlertRule) -> bool:
        """Add a rule. Return False if the same rule exists.

        Raises
        ------
        Conflict
            Another rule has the name, or there are 50 rules.
        Unavailable
            The stored rules are damaged.
        """
        changed = self._change(lambda book: book.with_rule(rule))
        return changed.before.rule(rule.name) is None

    def remove(self, name: str) -> None:
        """Remove a rule. Its alert ends.

        Raises
        ------
        NotFound
            There is no such rule.
        Unavailable
            The stored rules are damaged.
        """
        self._change(lambda book: book.without_rule(name, self.now()))

    def _change(self, change: Callable[[AlertBook], AlertBook]) -> Changed:
        try:
            return self.store.change(change)
        except UnreadableItem as error:
            raise Unavailable(str(error)) from None
