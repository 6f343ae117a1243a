"""The replies of the stand-in: usable answers, unusual but usable answers, and errors.

Errors have the texts and forms that xAI sends, as far as they are known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

TICKS_PER_PROMPT_TOKEN = 12_500
TICKS_PER_COMPLETION_TOKEN = 25_000
"""USD 1.25 and 2.50 for a million tokens."""

RESET = "reset"
RESET_IN_BODY = "reset_in_body"
HANG = "hang"
DRIP = "drip"


@dataclass(frozen=True)
class Reply:
    """An HTTP response, how it is sent, and how many tokens are billed."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    manner: str = ""
    billed_ticks: int = 0
    is_usable: bool = False


@dataclass(frozen=True)
class AnalysisRequest:
    """The parts of a request that a reply needs.

    ``serial`` makes the bill of each call different. ``schema`` is the JSON schema of the answer;
    without one, the answer has a summary, a sentiment and topics.
    """

    model: str
    text: str
    prompt_tokens: int
    serial: int
    schema: Mapping[str, Any] = field(default_factory=dict)

    @property
    def usage(self) -> dict[str, Any]:
        completion = 60
        ticks = (
            self.prompt_tokens * TICKS_PER_PROMPT_TOKEN + completion * TICKS_PER_COMPLETION_TOKEN
        )
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": self.prompt_tokens + completion,
            "cost_in_usd_ticks": ticks + self.serial,
        }

    def finding(self) -> dict[str, Any]:
        lowered = self.text.lower()
        sentiment = (
            "negative" if "late" in lowered else "positive" if "thank" in lowered else "neutral"
        )
        return {
            "summary": "The customer writes about an order.",
            "sentiment": sentiment,
            "topics": ["delivery", "refund"],
        }


def completion(asked: AnalysisRequest, content: str | None, **message: Any) -> dict[str, Any]:
    """Return a body of /chat/completions."""
    reason = message.pop("finish_reason", "stop")
    return {
        "id": f"standin-{asked.serial}",
        "object": "chat.completion",
        "model": asked.model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": None, **message},
                "finish_reason": reason,
            }
        ],
        "usage": asked.usage,
    }


def _billed(
    asked: AnalysisRequest, found: dict[str, Any], *, usable: bool = False, manner: str = ""
) -> Reply:
    ticks = asked.usage["cost_in_usd_ticks"]
    return Reply(200, json.dumps(found).encode(), {}, manner, ticks, usable)


def _says(form: Callable[[str], str], manner: str = "") -> Callable[[AnalysisRequest], Reply]:
    """Return a usable answer with this content."""
    return lambda asked: _billed(
        asked, completion(asked, form(json.dumps(asked.finding()))), usable=True, manner=manner
    )


def _useless(content: str | None, **message: Any) -> Callable[[AnalysisRequest], Reply]:
    return lambda asked: _billed(asked, completion(asked, content, **message))


def _error(status: int, body: Any, **headers: str) -> Callable[[AnalysisRequest], Reply]:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _asked: Reply(status, raw, sent)


def _flat(status: int, code: str, text: str, **headers: str) -> Callable[[AnalysisRequest], Reply]:
    return _error(status, {"code": code, "error": text}, **headers)


def _odd_values(asked: AnalysisRequest) -> Reply:
    found = {
        **asked.finding(),
        "sentiment": " Very Negative." if "late" in asked.text.lower() else "MIXED",
        "topics": ["Late Delivery!", "late delivery", "Refund", "a", "b", "c", "d", 7],
    }
    return _billed(asked, completion(asked, json.dumps(found)), usable=True)


def _absurd(asked: AnalysisRequest) -> Reply:
    """Return a usable answer with an impossible cost, name and number; it is billed as usual."""
    found = completion(asked, json.dumps(asked.finding())[:-1] + f', "n": {"7" * 5_000}}}')
    found |= {"model": "m" * 300_000, "usage": {"total_tokens": 150, "cost_in_usd_ticks": 10**17}}
    return Reply(200, json.dumps(found).encode(), {}, "", asked.usage["cost_in_usd_ticks"], True)


def _with_content(content: Callable[[AnalysisRequest], str], **fields: Any) -> Any:
    """A usable answer whose content or other fields are out of all proportion."""
    return lambda asked: _billed(asked, completion(asked, content(asked)) | fields, usable=True)


def _broken_json(asked: AnalysisRequest) -> Reply:
    good = _billed(asked, completion(asked, json.dumps(asked.finding())))
    return Reply(200, good.body[: len(good.body) // 2], {}, "", good.billed_ticks)


def _broken(manner: str) -> Callable[[AnalysisRequest], Reply]:
    """Return a usable answer that never arrives completely, but is billed."""

    def reply(asked: AnalysisRequest) -> Reply:
        good = _billed(asked, completion(asked, json.dumps(asked.finding())))
        return Reply(200, good.body, {}, manner, good.billed_ticks)

    return reply


def _date_ahead(_asked: AnalysisRequest) -> Reply:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    return Reply(429, b'{"error": "Too many requests for team"}', {"Retry-After": date})


NO_CREDITS = (
    "Your team 1b2c has either used all available credits or reached its monthly spending limit."
)

REPLIES: dict[str, Callable[[AnalysisRequest], Reply]] = {
    # usable
    "ok": _says(lambda text: text),
    "fenced": _says(lambda text: f"```json\n{text}\n```"),
    "in_prose": _says(lambda text: f"Here is what I found: {text} - anything else?"),
    "odd_values": _odd_values,
    "absurd_usage": _absurd,
    "huge_integer": _with_content(
        lambda asked: json.dumps(asked.finding())[:-1] + f', "n": {"7" * 5_000}}}'
    ),
    "long_model": _with_content(
        lambda asked: json.dumps(asked.finding()), model="m" * 300_000 + "\ud83d"
    ),
    # transient: an error of xAI, or of the connection
    "server_error": _flat(500, "internal", "Internal error"),
    "html_error": _error(502, "<html><h1>502 Bad Gateway</h1></html>", Content_Type="text/html"),
    "deeply_nested": _error(500, '{"error": ' * 1_200 + '"x"' + "}" * 1_200),
    "unavailable": _error(503, "upstream connect error"),
    "overloaded": _flat(529, "overloaded", "Overloaded"),
    "request_timeout": _error(408, {"error": {"message": "Request timeout", "type": "t"}}),
    "error_in_200": lambda _: Reply(
        200,
        b'{"code": "The service is currently unavailable",'
        b' "error": "Timed out waiting for first token"}',
    ),
    "rate_limited": _flat(
        429, "rate", "Too many requests: Requests per Second (actual/limit): 38/37", Retry_After="1"
    ),
    "rate_limited_until": _date_ahead,
    "rate_limited_for_30_seconds": _flat(429, "rate", "Too many requests", Retry_After="30"),
    "rate_limited_for_15_minutes": _flat(429, "rate", "Too many requests", Retry_After="900"),
    "at_capacity": _flat(429, "capacity", "The model is currently at capacity due to high demand"),
    RESET: _error(0, ""),
    RESET_IN_BODY: _broken(RESET_IN_BODY),
    HANG: _broken(HANG),
    DRIP: _broken(DRIP),
    # unusable answers, which are billed
    "cut_off": _useless('{"summary": "The custo', finish_reason="length"),
    "empty": _useless(None),
    "no_json": _useless("I would rather talk about something else."),
    "missing_field": _useless('{"summary": "Fine."}'),
    "broken_json": _broken_json,
    "too_large": lambda asked: _billed(asked, completion(asked, "x" * 1_100_000)),
    # permanent, for this conversation
    "refusal": _useless(None, refusal="I cannot help with that."),
    "content_filter": _useless("", finish_reason="content_filter"),
    "moderated": _flat(
        403,
        "permission-denied",
        "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_X",
    ),
    "too_long": _flat(
        400,
        "invalid",
        "This model's maximum prompt length is 9 but the request contains 10 tokens.",
    ),
    "all_refused": _flat(400, "invalid", "Invalid argument"),
    "bad_argument": _flat(422, "invalid", "Failed to deserialize"),
    # configuration
    "wrong_key": _flat(
        400, "invalid", "Incorrect%20API%20key%20provided%3A%20na***ys. You can obtain one"
    ),
    "no_key": _flat(401, "unauthenticated", "No credentials presented."),
    "edge_refuses": _error(403, "<html><h1>403 Forbidden</h1></html>", Content_Type="text/html"),
    "blocked": _flat(403, "permission-denied", "The API key is blocked."),
    "unknown_model": _flat(404, "not-found", "The model grok-1 does not exist or your team 1b2c"),
    "redirect": _error(302, "", Location="https://elsewhere.example/"),
    # credits
    "no_credits": _flat(403, "permission-denied", NO_CREDITS),
    "no_credits_429": _flat(429, "resource-exhausted", NO_CREDITS),
}
"""Every reply by its name."""
