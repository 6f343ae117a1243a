"""The insights of one run, and the pages of lists that are searched for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from tests.e2e.acceptance.api import Api, shown

PATH: Final = "/api/v1/insights"
MOST_PAGES: Final = 20


@dataclass(frozen=True, slots=True)
class Window:
    """A range of time: ``from`` is part of it, ``to`` is not."""

    start: datetime
    end: datetime

    @property
    def query(self) -> dict[str, str]:
        """The range as parameters of a list."""
        return {"from": _text(self.start), "to": _text(self.end)}


@dataclass(frozen=True, slots=True)
class Insights:
    """The insights of one run, by id."""

    by_id: dict[str, dict[str, Any]]

    @property
    def times(self) -> list[datetime]:
        """Return the times of the insights."""
        return [time_of(one) for one in self.by_id.values()]

    def where(self, name: str, value: str) -> set[str]:
        """Return the ids of the insights with this value, or with it in a list of values."""
        found = self.by_id.items()
        return {one for one, insight in found if value in _values(insight.get(name))}


def time_of(insight: dict[str, Any]) -> datetime:
    """Return the time of an insight."""
    return datetime.fromisoformat(insight.get("occurred_at") or insight["created_at"])


def pages(api: Api, **query: str | int) -> Iterator[list[dict[str, Any]]]:
    """Read a list page by page; skip the check where there are more than 20.

    Raises
    ------
    AssertionError
        A page cannot be read.
    """
    more: dict[str, str | int] = {}
    for _ in range(MOST_PAGES):
        response = api.get(PATH, **query, **more)
        assert response.is_success, shown(response)
        body = response.json()
        yield body["items"]
        if body["next_cursor"] is None:
            return
        more = {"cursor": body["next_cursor"]}
    pytest.skip(f"the list of this run's seconds has more than {MOST_PAGES} pages")


def listed(api: Api, **query: str | int) -> list[dict[str, Any]]:
    """Return all items of a list."""
    return [item for page in pages(api, limit=100, **query) for item in page]


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
