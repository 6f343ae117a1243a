"""Stores new versions of the profile, activates versions, and dismisses proposed topics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from grok_insights.domain.profile import NewProfile, Profile
from grok_insights.domain.profile_rules import profile_faults
from grok_insights.errors import (
    InvalidRequest,
    NotFound,
    PreconditionFailed,
    Unavailable,
    UnreadableItem,
)

if TYPE_CHECKING:
    from grok_insights.aws.state.profiles import ProfileStore
    from grok_insights.aws.state.proposals import Proposals

Precondition = Callable[[str | None], None]
"""Raises `PreconditionFailed` if the client has not read this document; None if it is damaged."""


class StoredVersion(NamedTuple):
    """A version of the profile, and whether the request created it."""

    profile: Profile
    is_new: bool


@dataclass(frozen=True, slots=True)
class ChangeProfile:
    """The use case."""

    store: ProfileStore
    proposals: Proposals

    def put(self, new: NewProfile, check: Precondition, *, activate: bool) -> StoredVersion:
        """Store the next version, and return it. A profile like the newest version is not stored.

        Parameters
        ----------
        new : NewProfile
            The profile.
        check : Precondition
            Checks that the client has read the newest version.
        activate : bool
            Whether the version becomes the active one.

        Raises
        ------
        InvalidRequest
            The profile breaks a rule.
        PreconditionFailed
            The newest version is not the one that the client has read.
        Unavailable
            The stored state of the profile is damaged.
        """
        if faults := profile_faults(new, "body"):
            raise InvalidRequest("the profile is not valid", faults=faults)
        read = self.store.pointer()
        if read.pointer is None:
            raise Unavailable(read.fault)
        newest = self._profile_or_none(read.pointer.newest)
        check(None if newest is None else newest.as_json())
        if newest is not None and newest.is_like(new):
            if activate and read.pointer.active != newest.version:
                _require_unchanged(self.store.activate(newest.version, read))
            return StoredVersion(newest, is_new=False)
        profile = Profile(version=read.pointer.newest + 1, **dict(new))
        active = profile.version if activate else read.pointer.active
        _require_unchanged(self.store.add(profile, read, active=active))
        return StoredVersion(profile, is_new=True)

    def activate(self, version: int, check: Precondition) -> Profile:
        """Make a version the active one, and return it.

        ``check`` checks that the client has read the active version.

        Raises
        ------
        NotFound
            There is no such version.
        PreconditionFailed
            The active version is not the one that the client has read.
        Unavailable
            The version is damaged.
        """
        read = self.store.pointer()
        active = read.pointer and self._profile_or_none(read.pointer.active)
        check(None if active is None else active.as_json())
        profile = self._profile(version)
        if read.pointer is None or read.pointer.active != version:
            _require_unchanged(self.store.activate(version, read))
        return profile

    def dismiss(self, name: str) -> None:
        """Remove a proposed topic. It is counted from 0 if Grok proposes it again.

        Raises
        ------
        NotFound
            Grok has not proposed it.
        """
        if not self.proposals.remove(name):
            raise NotFound("there is no proposed topic with this name")

    def _profile(self, version: int) -> Profile:
        try:
            profile = self.store.profile(version)
        except UnreadableItem as error:
            raise Unavailable(str(error)) from None
        if profile is None:
            raise NotFound("there is no such version of the profile")
        return profile

    def _profile_or_none(self, version: int) -> Profile | None:
        """Return a version; None if it is damaged or missing, since it can still be replaced."""
        try:
            return self.store.profile(version)
        except UnreadableItem:
            return None


def _require_unchanged(written: bool) -> None:
    if not written:
        raise PreconditionFailed("another request has changed the profile; read it again")
