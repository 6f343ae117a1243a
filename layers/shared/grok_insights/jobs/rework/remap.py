"""Remap: maps the topics and segments of stored insights anew, without calling Grok."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from grok_insights.aws.insights.stored import StoredInsight, stored_insights
from grok_insights.aws.ledger import UNSTORABLE, Entry, Rework
from grok_insights.aws.state.job_outcomes import JobFailure
from grok_insights.domain.conversation import Lifetime
from grok_insights.domain.events import Reason
from grok_insights.domain.job import Counts, Job, JobPhase, Part
from grok_insights.domain.remap import remapped
from grok_insights.domain.rework import DONE
from grok_insights.flow.pauses import Reason as PauseReason
from grok_insights.jobs.plan import LONGEST_PAUSE_SECONDS, Plan, wait
from grok_insights.jobs.rework.plan import reading
from grok_insights.jobs.rework.slices import PAGE, Done, ReadPage, SliceWork, selection_of

if TYPE_CHECKING:
    from grok_insights.aws.conversation_reader import ConversationReader, StoredMetadata
    from grok_insights.aws.dynamodb.attributes import Item
    from grok_insights.aws.insights.scan import Scan
    from grok_insights.aws.ledger import Ledger
    from grok_insights.aws.state.job_outcomes import JobOutcomes
    from grok_insights.aws.state.pauses import PauseStore
    from grok_insights.aws.state.segment_values import SegmentValues
    from grok_insights.domain.segments import ActiveProfile

MAX_READS: Final = 5
"""How often an insight is read that was replaced each time before it was written."""


class _Sources(NamedTuple):
    """What insights are mapped by: the active profile, and metadata by conversation."""

    active: ActiveProfile
    metadata: dict[str, StoredMetadata]


@dataclass(frozen=True, slots=True)
class Remap(SliceWork):
    """The work of remaps."""

    scan: Scan
    conversations: ConversationReader
    pauses: PauseStore
    segment_values: SegmentValues
    ledger: Ledger
    outcomes: JobOutcomes
    now: Callable[[], datetime]

    def plan(self, job: Job, parts: list[Part]) -> Plan:
        """Return the plan of the next round. It waits while the profile cannot be read."""
        if not parts:
            return Plan(job, "finish")
        if self.pauses.read(self.now()).damage:
            return wait(job, str(PauseReason.STATE_UNREADABLE), LONGEST_PAUSE_SECONDS)
        return reading(job, JobPhase.MAPPING, parts)

    def process(self, job: Job, part: Part, read: ReadPage, deadline: float) -> Done:
        """Map the insights of a page, and replace those that change."""
        del deadline
        page = read(part.position, PAGE)
        insights = stored_insights(page.items)
        counts = Counts(selected=len(insights))
        if job.options.dry_run:
            counts += _as_planned(self._entries(job, insights))
        else:
            self._replace(job, insights)
        return Done(page.position, counts)

    def _replace(self, job: Job, insights: Sequence[StoredInsight]) -> None:
        """Replace the insights that change. Those that were replaced meanwhile are read again.

        An insight whose conversation has an outcome in the job is replaced without another one.

        Raises
        ------
        RuntimeError
            Some could not be replaced now. The page is processed again.
        """
        ended: Collection[str] = ()
        for _ in range(MAX_READS):
            saved = self.ledger.save(self._entries(job, insights, ended))
            if saved.unsaved:
                raise RuntimeError(f"{len(saved.unsaved)} insights were not replaced")
            ended = self.outcomes.ended(job.id, sorted(saved.superseded))
            insights = stored_insights(self._matching(job, saved.superseded))
            gone = saved.superseded - {one.counted.conversation_id for one in insights}
            failures = [JobFailure(job.id, one) for one in gone]
            failures += [JobFailure(job.id, one, UNSTORABLE.code) for one in saved.unstorable]
            if failures and self.outcomes.record(failures):
                raise RuntimeError("outcomes of the job were not recorded")
            if not insights:
                return
        raise RuntimeError(f"{len(insights)} insights changed before each write")

    def _matching(self, job: Job, ids: Iterable[str]) -> list[Item]:
        """Return the insights of a job with these ids.

        One that the job has mapped may have no topic of its filter any more.
        """
        return self.scan.matching(selection_of(job), ids, made_by=job.id)

    def _entries(
        self, job: Job, insights: Sequence[StoredInsight], ended: Collection[str] = ()
    ) -> list[Entry]:
        """Return what is to be saved: the insights that change.

        ``ended`` are conversations that have an outcome in the job.
        """
        sources = self._sources(job, insights)
        entries = (_entry(job, one, sources, ended) for one in insights)
        return [entry for entry in entries if entry is not None]

    def _sources(self, job: Job, insights: Sequence[StoredInsight]) -> _Sources:
        """Return the active profile with the values of the insights' segments, and their metadata.

        A dry run stores no values.

        Raises
        ------
        RuntimeError
            The profile is damaged. Nothing is mapped by the built-in one instead.
        """
        state = self.pauses.read(self.now())
        if state.damage:
            raise RuntimeError("the shared state cannot be read")
        metadata = self._metadata(state.active, insights)
        if job.options.dry_run:
            return _Sources(state.active.knowing(metadata.values()), metadata)
        return _Sources(self.segment_values.admit(state.active, metadata.values()), metadata)

    def _metadata(
        self, active: ActiveProfile, insights: Iterable[StoredInsight]
    ) -> dict[str, StoredMetadata]:
        """Return the metadata of the insights' conversations, if there are segments to map."""
        generations = {
            one.counted.conversation_id: one.counted.generation
            for one in insights
            if active.profile.segments or one.insight.segments
        }
        found = self.conversations.metadata(generations)
        return {k: one for k, one in found.items() if one.generation == generations[k]}


def _entry(
    job: Job, stored: StoredInsight, sources: _Sources, ended: Collection[str]
) -> Entry | None:
    """Return the entry that replaces an insight; None if it does not change."""
    counted = stored.counted
    insight = remapped(
        stored.insight, sources.active, sources.metadata.get(counted.conversation_id)
    )
    if insight is None:
        return None
    expires_at = datetime.fromtimestamp(counted.tally.expires_at, UTC)
    lifetime = Lifetime(counted.generation, expires_at)
    is_first = counted.conversation_id not in ended
    return Entry(
        insight, lifetime, counted, Rework(job.id, Reason.REMAP, stored.document, is_first)
    )


def _as_planned(entries: Iterable[Entry]) -> Counts:
    """Return how many insights would change, by what changes."""
    outcomes: Counter[str] = Counter()
    for entry in entries:
        assert entry.rework is not None
        outcomes += entry.rework.counts(entry.insight)
    del outcomes[DONE]
    return Counts(outcomes=outcomes)
