"""Reads the profile, its versions, and the topics that Grok proposes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grok_insights.errors import NotFound, Unavailable, UnreadableItem

if TYPE_CHECKING:
    from grok_insights.aws.state.profile_items import Pointer
    from grok_insights.aws.state.profiles import ProfileStore
    from grok_insights.aws.state.proposals import Proposals
    from grok_insights.bodies.profile import ProposalsBody, VersionsBody
    from grok_insights.domain.profile import Profile


@dataclass(frozen=True, slots=True)
class ReadProfiles:
    """The use case."""

    store: ProfileStore
    proposals: Proposals

    def active(self) -> Profile:
        """Return the active profile.

        Raises
        ------
        Unavailable
            It is damaged: the message names the item.
        """
        version = self._pointer().active
        profile = self._read(version)
        if profile is None:
            raise Unavailable(f"version {version} of the profile is active, and does not exist")
        return profile

    def version(self, version: int) -> Profile:
        """Return a version of the profile.

        Raises
        ------
        NotFound
            There is no such version.
        Unavailable
            It is damaged: the message names the item.
        """
        profile = self._read(version)
        if profile is None:
            raise NotFound("there is no such version of the profile")
        return profile

    def versions(self, limit: int, before: int | None) -> VersionsBody:
        """Return the newest versions, or the newest ones before a version.

        Raises
        ------
        Unavailable
            The pointer is damaged: the message names it.
        """
        pointer = self._pointer()
        last = pointer.newest if before is None else min(before - 1, pointer.newest)
        first = max(1, last - limit + 1)
        return {
            "items": [
                {
                    "version": one.version,
                    "note": one.note,
                    "created_at": one.created_at,
                    "active": one.version == pointer.active,
                }
                for one in reversed(self.store.versions(range(first, last + 1)))
            ],
            "next_before": first if first > 1 else None,
        }

    def proposed(self) -> ProposalsBody:
        """Return the topics that Grok proposed and the active profile does not know.

        The most frequent ones come first.
        """
        known = self.active().topics.names()
        counts = self.proposals.all()
        found = sorted(counts.keys() - known, key=lambda name: (-counts[name], name))
        return {"items": [{"topic": name, "count": counts[name]} for name in found]}

    def _pointer(self) -> Pointer:
        read = self.store.pointer()
        if read.pointer is None:
            raise Unavailable(read.fault)
        return read.pointer

    def _read(self, version: int) -> Profile | None:
        try:
            return self.store.profile(version)
        except UnreadableItem as error:
            raise Unavailable(str(error)) from None
