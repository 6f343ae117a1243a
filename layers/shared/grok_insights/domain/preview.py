"""A request to analyse a conversation with a profile, neither of which is stored."""

from __future__ import annotations

from pydantic import Field

from grok_insights.domain.new_conversation import NewConversation
from grok_insights.domain.profile import NewProfile
from grok_insights.validation import Model


class NewPreview(Model):
    """A profile and a conversation."""

    profile: NewProfile = Field(description="The profile. It is not stored.")
    conversation: NewConversation = Field(
        description="The conversation. It is not stored, and only its content and its metadata "
        "are used."
    )
