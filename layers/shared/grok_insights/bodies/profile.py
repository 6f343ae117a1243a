"""The bodies of responses about the profile. The profile itself is `domain.profile.Profile`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from grok_insights.bodies.fields import Count, Timestamp


class VersionBody(TypedDict):
    """A version of the profile, without its content."""

    version: Annotated[int, Field(description="The number of the version.", ge=1)]
    note: Annotated[str, Field(description="What changed, for people.")]
    created_at: Annotated[
        Timestamp | None, Field(description="When it was stored; null for the built-in version.")
    ]
    active: Annotated[bool, Field(description="Whether conversations are analysed with it.")]


class VersionsBody(TypedDict):
    """Versions of the profile, newest first."""

    items: Annotated[list[VersionBody], Field(description="The versions.")]
    next_before: Annotated[
        int | None, Field(description="The value of `before` for older ones; null for none.")
    ]


class ProposalBody(TypedDict):
    """A topic that Grok proposed because no label applied."""

    topic: Annotated[str, Field(description="Its name.", examples=["broken_lid"])]
    count: Annotated[Count, Field(description="How often it was proposed, approximately.")]


class ProposalsBody(TypedDict):
    """Proposed topics, the most frequent first."""

    items: Annotated[list[ProposalBody], Field(description="At most 200 topics.")]
