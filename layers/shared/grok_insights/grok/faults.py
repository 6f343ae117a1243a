"""What an answer that is no success means: the one table from status and text to a kind of error.

Statuses come first, texts only where one status means several things. xAI's ``code`` strings
changed during 2026, so they are not looked at. Pure, and the only place that matches texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import unquote

from grok_insights.errors import (
    AnalysisError,
    ConfigurationError,
    CreditsError,
    PermanentError,
    TransientError,
)

MAX_RETRY_AFTER_SECONDS: Final = 900.0
"""The longest delay of a message in SQS."""

SCANNED_ERROR_CHARS: Final = 4_000

_TEXT_FIELDS: Final = ("error", "message", "detail", "code")


@dataclass(frozen=True, slots=True)
class _Fault:
    """One row: where both the status and the text fit, this is what went wrong."""

    error: type[AnalysisError]
    code: str
    message: str
    statuses: frozenset[int] | None = None
    text: re.Pattern[str] | None = None

    def fits(self, status: int, text: str) -> bool:
        return (self.statuses is None or status in self.statuses) and (
            self.text is None or self.text.search(text) is not None
        )


def _text(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


_TABLE: Final = (
    _Fault(
        CreditsError,
        "credits_exhausted",
        "the team has used up its credits or met its spending limit",
        frozenset({400, 402, 403, 429}),
        _text(r"used all available credits", r"spending limit", r"(?:no|insufficient) credits"),
    ),
    _Fault(
        PermanentError,
        "moderated",
        "Grok's usage guidelines rule this conversation out",
        frozenset({400, 403, 422}),
        _text(r"violates usage guidelines", r"SAFETY_CHECK"),
    ),
    _Fault(
        ConfigurationError,
        "wrong_key",
        "Grok does not know the API key",
        frozenset({400, 401, 403}),
        _text(r"incorrect api key", r"invalid api key"),
    ),
    _Fault(
        PermanentError,
        "too_long",
        "the conversation is longer than the model can read",
        frozenset({400, 413, 422}),
        _text(r"maximum prompt length", r"context length", r"too many tokens"),
    ),
    _Fault(
        ConfigurationError,
        "unknown_model",
        "the model does not exist, or the team has no access to it",
        frozenset({400}),
        _text(r"model not found", r"model \S+ does not exist"),
    ),
    _Fault(
        ConfigurationError,
        "unknown_model",
        "the model or the address does not exist, or the team has no access to it",
        frozenset({404}),
    ),
    _Fault(ConfigurationError, "no_key", "Grok was sent no API key", frozenset({401})),
    _Fault(CreditsError, "credits_exhausted", "payment is required", frozenset({402})),
    _Fault(
        ConfigurationError, "forbidden", "the key or the team is blocked", frozenset({403, 407})
    ),
    _Fault(
        TransientError,
        "at_capacity",
        "Grok was at its capacity",
        frozenset({429, 503, 529}),
        _text(r"at capacity", r"high demand"),
    ),
    _Fault(TransientError, "rate_limited", "Grok's rate limit was met", frozenset({429})),
    _Fault(TransientError, "timeout", "Grok took too long", frozenset({408, 504})),
    _Fault(TransientError, "too_early", "Grok asked to be tried again", frozenset({425})),
    _Fault(PermanentError, "bad_request", "Grok refused the request", frozenset(range(400, 500))),
    _Fault(
        ConfigurationError,
        "redirected",
        "Grok's address redirects elsewhere, where the key is not sent",
        frozenset(range(300, 400)),
    ),
    _Fault(TransientError, "server_error", "Grok had a fault of its own"),
)


def of_response(
    status: int, headers: Mapping[str, str], body: bytes, now: datetime
) -> AnalysisError:
    """Return the error that an answer means whose status is not 200."""
    text = error_text(body)
    fault = next(row for row in _TABLE if row.fits(status, text))
    return fault.error(
        fault.code,
        f"{fault.message} (HTTP {status})",
        retry_after_seconds=retry_after_seconds(headers.get("retry-after"), now),
    )


def error_text(body: bytes) -> str:
    """Return the error text of a body: of JSON, flat or nested, else its beginning as it is."""
    plain = body[:SCANNED_ERROR_CHARS].decode(errors="replace")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return unquote(plain)
    return unquote(" ".join(_texts(found))[:SCANNED_ERROR_CHARS]) or plain


def _texts(found: Any) -> list[str]:
    """``error`` or ``error.message``, and ``code``, ``message`` or ``detail`` beside it."""
    if not isinstance(found, dict):
        return []
    levels = [found, nested] if isinstance(nested := found.get("error"), dict) else [found]
    fields = [level.get(name) for level in levels for name in _TEXT_FIELDS]
    return [field for field in fields if isinstance(field, str)]


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """``Retry-After`` as seconds from now, given as seconds or as a date; None if it is neither."""
    if value is None:
        return None
    seconds = _seconds(value.strip(), now)
    return None if seconds is None else min(max(0.0, seconds), MAX_RETRY_AFTER_SECONDS)


def _seconds(value: str, now: datetime) -> float | None:
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", value, re.ASCII):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds()
