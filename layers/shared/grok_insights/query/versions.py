"""Reads the versions of an insight, and compares two of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from grok_insights.domain.version_changes import changes
from grok_insights.errors import NotFound
from grok_insights.validation import Model, VersionNumber

if TYPE_CHECKING:
    from grok_insights.aws.conversations import Conversations
    from grok_insights.aws.insights.table import Insights
    from grok_insights.aws.insights.versions import Versions
    from grok_insights.bodies.versions import DiffBody, InsightVersionsBody


class InsightVersionsQuery(Model):
    """Which two versions of an insight are compared."""

    before: VersionNumber | None = Field(
        None, alias="from", description="A revision; without it, the one before `to`."
    )
    after: VersionNumber | None = Field(
        None, alias="to", description="A revision; without it, the present one."
    )


class _Revision(NamedTuple):
    revision: int
    document: str


@dataclass(frozen=True, slots=True)
class ReadVersions:
    """The use case."""

    conversations: Conversations
    insights: Insights
    versions: Versions

    def __call__(self, conversation_id: str, query: InsightVersionsQuery) -> InsightVersionsBody:
        """Return all versions, newest first, and what differs between two of them.

        Raises
        ------
        NotFound
            There is no such conversation, or no version with a revision of the query.
        """
        found = self._revisions(conversation_id)
        return {
            "items": [
                {"revision": revision, "current": place == 0, "insight": json.loads(document)}
                for place, (revision, document) in enumerate(found)
            ],
            "diff": _diff(found, query),
        }

    def _revisions(self, conversation_id: str) -> list[_Revision]:
        """Return the present insight and its versions. A version is older than the insight."""
        current = self.insights.current(conversation_id)
        if current is None:
            if not self.conversations.exists(conversation_id):
                raise NotFound("there is no conversation with this id")
            return []
        older = self.versions.of(conversation_id, current.generation)
        return [
            _Revision(current.revision, current.document),
            *(
                _Revision(one.revision, one.document)
                for one in older
                if one.revision < current.revision
            ),
        ]


def _diff(found: list[_Revision], query: InsightVersionsQuery) -> DiffBody | None:
    """Return the comparison that a query asks for; None if there is nothing to compare."""
    after = _chosen(found, query.after, 0)
    older = [one for one in found if after is not None and one.revision < after.revision]
    before = _chosen(found, query.before, None) or (older[0] if older else None)
    if before is None or after is None:
        return None
    return {
        "from": before.revision,
        "to": after.revision,
        "changes": [
            {"name": change.name, "before": change.before, "after": change.after}
            for change in changes(json.loads(before.document), json.loads(after.document))
        ],
    }


def _chosen(found: list[_Revision], revision: int | None, default: int | None) -> _Revision | None:
    if revision is None:
        return found[default] if found and default is not None else None
    for one in found:
        if one.revision == revision:
            return one
    raise NotFound(f"there is no version with revision {revision}")
