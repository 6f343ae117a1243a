"""Shows what a profile that is not stored says of a conversation that is not stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from grok_insights.domain.profile_rules import profile_faults
from grok_insights.errors import InvalidRequest, Unavailable
from grok_insights.ingest.checking import checked

if TYPE_CHECKING:
    from grok_insights.aws.analysis_function import AnalysisFunction
    from grok_insights.domain.preview import NewPreview

WAITS: Final = (
    "no preview may be made now: new conversations go first, and have the last fifth of a budget"
)


@dataclass(frozen=True, slots=True)
class PreviewProfile:
    """The use case. Only the analysis function calls Grok."""

    analysis: AnalysisFunction
    max_text_chars: int
    now: Callable[[], datetime]

    def __call__(self, new: NewPreview) -> dict[str, Any]:
        """Return the analysis as JSON.

        Raises
        ------
        InvalidRequest
            The profile breaks a rule, or the conversation is too long.
        Unavailable
            Calls are paused, must wait, or the analysis cannot be reached.
        """
        if faults := profile_faults(new.profile, "body", "profile"):
            raise InvalidRequest("the profile is not valid", faults=faults)
        checked(
            new.conversation,
            "body.conversation.",
            "",
            max_text_chars=self.max_text_chars,
            now=self.now(),
        )
        response = self.analysis.preview(new.model_dump(mode="json", exclude_none=True))
        if "insight" not in response:
            reason, seconds = response["reason"], round(response["seconds"]) + 1
            detail = f"calls to Grok are paused: {reason}" if reason else WAITS
            raise Unavailable(detail, retry_after_seconds=seconds)
        return dict(response["insight"])
