"""What the description says of each operation beyond its route: words, answers, examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from scripts.openapi.answers import ID

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"

KEYED: Final[list[dict[str, list[str]]]] = [{"ApiKey": []}]
OPEN: Final[list[dict[str, list[str]]]] = []

LATE: Final = "My parcel is three weeks late. I want a refund!"
INSIGHT: Final = {
    "id": ID,
    "conversation_id": ID,
    "external_id": "ticket-1",
    "status": "completed",
    "summary": "The customer's parcel is three weeks late and they want a refund.",
    "sentiment": "negative",
    "topics": ["delivery_delay", "refund"],
    "tokens_used": 412,
    "estimated_cost": "$0.00017",
    "processing_time_ms": 873,
    "grok_model": "grok-4.20-non-reasoning",
    "created_at": "2026-11-23T10:15:00.123Z",
    "meta": {
        "mock": False,
        "latency": 0.873,
        "estimated_tokens": 412,
        "estimated_cost": "$0.00017",
        "cost_in_usd_ticks": 1_700_000,
        "cost_source": "reported",
        "model": "grok-4.20-non-reasoning",
        "attempts": 1,
        "prompt_version": "1",
    },
}
WAITING: Final = {"id": ID, "conversation_id": ID, "status": "enqueued"}
TOTALS: Final = {
    "count": 2,
    "positive": 0,
    "negative": 2,
    "neutral": 0,
    "failed": 0,
    "tokens_used": 824,
    "estimated_cost": "$0.00034",
    "mean_processing_time_ms": 873,
}


@dataclass(frozen=True)
class Answer:
    """One answer: what it means, the model and an example of its body, and its headers."""

    meaning: str
    model: str | None = None
    example: Any = None
    headers: tuple[str, ...] = ()
    media_type: str = JSON


@dataclass(frozen=True)
class Operation:
    """Words and answers of one operation. ``refusals`` are the errors it can answer with."""

    identity: str
    tag: str
    summary: str
    answers: dict[int, Answer]
    refusals: tuple[int, ...]
    security: list[dict[str, list[str]]] = field(default_factory=lambda: KEYED)
    description: str = ""
    body_example: Any = None


READING: Final = (403, 422, 429, 500, 503)
SENDING: Final = (400, 403, 413, 415, 422, 429, 500, 503)

FOUND: Final = ("ETag", "Cache-Control")
UNCHANGED: Final = Answer("Not changed since the answer with the ETag of `If-None-Match`.")
ONE_INSIGHT: Final = {
    200: Answer("The insight.", "Insight", INSIGHT, FOUND),
    202: Answer("The conversation waits to be analysed.", "Waiting", WAITING, ("Retry-After",)),
    304: UNCHANGED,
}

OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    ("post", "/api/v1/conversations"): Operation(
        "addConversation",
        "Conversations",
        "Take in one conversation",
        {202: Answer("It is stored and will be analysed.", "Accepted", WAITING, ("Location",))},
        (*SENDING, 409),
        description=(
            "The same `external_id` with the same text is the same conversation, however often it "
            "is sent; with another text it is a conflict."
        ),
        body_example={"external_id": "ticket-1", "text": LATE, "metadata": {"channel": "mail"}},
    ),
    ("post", "/api/v1/conversations/bulk"): Operation(
        "addConversations",
        "Conversations",
        "Take in up to 500 conversations",
        {
            202: Answer(
                "What became of each, in the order they were sent in.",
                "BulkAccepted",
                {
                    "accepted": 1,
                    "rejected": 0,
                    "results": [{"index": 0, "external_id": None, **WAITING}],
                },
            )
        },
        SENDING,
        description="A bad one never refuses the others.",
        body_example={"conversations": [{"text": LATE}, {"text": "Thanks, that was quick!"}]},
    ),
    ("get", "/api/v1/conversations/{conversation_id}"): Operation(
        "getConversation",
        "Conversations",
        "The stored conversation and its status",
        {
            200: Answer(
                "The conversation.",
                "Conversation",
                {
                    "id": ID,
                    "external_id": "ticket-1",
                    "text": LATE,
                    "metadata": {"channel": "mail"},
                    "created_at": "2026-11-23T10:14:58.000Z",
                    "status": "completed",
                },
                FOUND,
            ),
            304: UNCHANGED,
        },
        (*READING, 404),
    ),
    ("delete", "/api/v1/conversations/{conversation_id}"): Operation(
        "deleteConversation",
        "Conversations",
        "Delete a conversation, its insight and its share in the trends",
        {204: Answer("It is gone, and nothing brings it back.")},
        (*READING, 404),
    ),
    ("get", "/api/v1/insights"): Operation(
        "listInsights",
        "Insights",
        "Insights, newest first, page by page",
        {
            200: Answer("A page.", "Page", {"items": [INSIGHT], "next_cursor": "kX3…"}, FOUND),
            304: UNCHANGED,
        },
        (*READING, 400),
        description=(
            "All filters can be used together. A page reads a bounded number of insights: where "
            "few match, it may be short, or empty, and still have a `next_cursor`. A cursor is "
            "good for the query that gave it out, with any `limit`, and for no other. `from` is "
            "included, `to` is not."
        ),
    ),
    ("get", "/api/v1/insights/trends"): Operation(
        "getTrends",
        "Insights",
        "Counters by hour or by day",
        {
            200: Answer(
                "The counters.",
                "Trends",
                {
                    "from": "2026-11-23T10:00:00.000Z",
                    "to": "2026-11-23T11:00:00.000Z",
                    "interval": "hour",
                    "totals": TOTALS,
                    "series": [{"start": "2026-11-23T10:00:00.000Z", **TOTALS}],
                    "top_topics": [{"topic": "refund", "count": 2}],
                },
                FOUND,
            ),
            304: UNCHANGED,
        },
        READING,
        description=(
            "`from` and `to` are widened to whole hours or days; at most 366 days lie between "
            "them. By default the last 24 hours, or the last 30 days by day. With `verify` the "
            "insights of a day at the most are counted anew and compared."
        ),
    ),
    ("get", "/api/v1/insights/{conversation_id}"): Operation(
        "getInsight", "Insights", "One insight", ONE_INSIGHT, (*READING, 404)
    ),
    ("get", "/api/v1/insights/conversation/{conversation_id}"): Operation(
        "getInsightOfConversation",
        "Insights",
        "The insight of a conversation",
        ONE_INSIGHT,
        (*READING, 404),
        description="A conversation and its insight have the same id.",
    ),
    ("get", "/health"): Operation(
        "getHealth",
        "Operations",
        "Whether conversations are being analysed",
        {
            200: Answer("All is well, or the worker is paused on purpose.", "Health"),
            503: Answer("Something this service needs is down.", "Health"),
        },
        (422, 500),
        OPEN,
    ),
    ("get", "/metrics"): Operation(
        "getMetrics",
        "Operations",
        "Metrics in Prometheus' text format",
        {200: Answer("The metrics.", media_type="text/plain")},
        (401, 422, 500, 503),
        [{"ApiKey": []}, {"Bearer": []}],
        description="The key comes as `x-api-key`, or as a bearer token as Prometheus sends it.",
    ),
}

REFUSALS: Final = {
    400: ("The body is not JSON, or the cursor does not belong to the query.", ()),
    401: ("The key is missing or wrong.", ()),
    403: ("The key is missing or wrong.", ()),
    404: ("There is nothing under this address.", ()),
    409: ("The `external_id` belongs to another text.", ()),
    413: ("The body has more than 4,500,000 bytes.", ()),
    415: ("The body is not uncompressed `application/json` in UTF-8.", ()),
    422: ("The request can be read, and fields of it are not acceptable.", ()),
    429: ("Too many requests.", ("Retry-After",)),
    500: ("A fault of this service.", ()),
    503: ("Not now; try again later.", ("Retry-After",)),
}


def title(status: int) -> str:
    """The title of a problem with this status."""
    return "Unprocessable Content" if status == 422 else HTTPStatus(status).phrase


HEADERS: Final = {
    "Location": ("Where the insight will be, relative to this address.", {"type": "string"}),
    "Retry-After": ("Seconds to wait.", {"type": "integer", "minimum": 0}),
    "ETag": ("Stands for this very answer.", {"type": "string"}),
    "Cache-Control": ("How long the answer may be kept.", {"type": "string"}),
    "RateLimit-Limit": ("Requests in a window.", {"type": "integer"}),
    "RateLimit-Remaining": ("Requests left in this window.", {"type": "integer"}),
    "RateLimit-Reset": ("Seconds until the window ends.", {"type": "integer"}),
}
RATE: Final = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")

PARAMETERS: Final = {
    "conversation_id": ("Id of the conversation, and of its insight.", ID),
    "limit": ("Most items of the page.", 20),
    "cursor": ("`next_cursor` of the page before.", None),
    "sentiment": ("Only insights with this sentiment.", "negative"),
    "status": ("Only insights that ended like this.", "completed"),
    "topic": ("Only insights with this topic.", "refund"),
    "from": ("The earliest instant, RFC 3339 with a zone.", "2026-11-23T00:00:00Z"),
    "to": ("The instant to stop before, RFC 3339 with a zone.", "2026-11-24T00:00:00Z"),
    "interval": ("The width of a point.", "hour"),
    "top": ("Most topics that are shown.", 10),
    "verify": ("Count the insights anew and compare.", False),
}
