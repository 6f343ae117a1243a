"""Checks that jobs go on and end as they should: their runs, their parts, what they leave out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grok_insights.domain import timestamps
from tests.simulation import recount
from tests.simulation.kinds import REANALYSIS
from tests.simulation.operators import documents

if TYPE_CHECKING:
    from tests.simulation.dynamodb import DynamoDB
    from tests.simulation.world import World

Item = Mapping[str, Any]

JOB = "job#"
"""The beginning of the id of the item that says which run of a job was begun or closed last."""


@dataclass(frozen=True)
class JobProgress:
    """Follows the progress of all jobs."""

    world: World

    def written(self, table: str, key: str, old: Item | None, new: Item) -> None:
        """Check an item that one write has changed."""
        if table == "state" and key.startswith(JOB):
            self._check_run(key, old, new)
        elif table == "jobs" and "#part#" in key:
            self._check_part(key, old, new)
        elif table == "jobs" and "version" in new:
            self._check_complete(json.loads(new["document"]["S"]))

    def _check_run(self, key: str, old: Item | None, new: Item) -> None:
        """Check that neither an earlier run of a job nor one that was closed is open again."""
        before, after = ((int(one["run"]["N"]), "closed" in one) for one in (old or new, new))
        if after < before:
            self.world.violated("run", f"{key} goes back from {before} to {after}")

    def _check_part(self, key: str, old: Item | None, new: Item) -> None:
        """Check that the progress of a part of a job does not go back."""
        before, after = (_progress(one) for one in (old or new, new))
        if after < before:
            self.world.violated("part", f"{key} goes back from {before} to {after}")

    def _check_complete(self, job: Any) -> None:
        """Check that a re-analysis that ends has left out no insight that nothing else changed."""
        is_dry = job["options"]["dry_run"]
        if job["kind"] != REANALYSIS or job["status"] != "completed" or is_dry:
            return
        others = self.world.monitor.reworks.disturbed(job["id"], job)
        left = {*_left(self.world.dynamodb, job)} - others
        if left:
            self.world.violated("job", f"{job['id']} ends, and has no outcome of {min(left)}")

    def cancelled(self, job_id: str) -> None:
        """Check a cancellation that is confirmed: messages are dropped, whatever comes late."""
        item = self.world.dynamodb.tables["state"].items.get((f"{JOB}{job_id}",), {})
        if documents(self.world)[job_id]["kind"] == REANALYSIS and "closed" not in item:
            self.world.violated("closed", f"{job_id} is cancelled, and its messages are processed")

    def check_cancelled(self) -> None:
        """Check all jobs whose cancellation was confirmed, and that were not started again."""
        for job_id, job in documents(self.world).items():
            if job["status"] == "cancelled" and job_id in self.world.monitor.reworks.stopped:
                self.cancelled(job_id)


def _progress(part: Item) -> tuple[bool, int]:
    """Return how far a part is."""
    document = json.loads(part["document"]["S"])
    return document["is_complete"], document["done"]


def _left(dynamodb: DynamoDB, job: Item) -> Iterator[str]:
    """Yield the conversations whose insight a job was about, if they have no outcome.

    One whose insight was changed meanwhile may be missing.
    """
    begun, state = timestamps.from_text(job["created_at"]), dynamodb.tables["state"].items
    for item in recount.insights(dynamodb):
        identity, document = item["conversation_id"]["S"], json.loads(item["document"]["S"])
        is_earlier = timestamps.from_text(document["created_at"]) < begun
        is_selected = is_earlier and _matches(item, document, job["options"]["filter"])
        if is_selected and (f"{JOB}{job['id']}#{identity}",) not in state:
            yield identity


def _matches(item: Item, document: Item, wanted: Item) -> bool:
    """Return whether an insight matches a filter. A failed one has no sentiment and no topics."""
    at = timestamps.from_text(item["occurred_at"]["S"])
    if wanted["from"] and at < timestamps.from_text(wanted["from"]):
        return False
    if wanted["to"] and at >= timestamps.from_text(wanted["to"]):
        return False
    if wanted["topic"] and wanted["topic"] not in document.get("topics", ()):
        return False
    return all(wanted[name] in {None, document.get(name)} for name in ("sentiment", "status"))
