"""Examples. Those of requests return results against `make run` when they are sent unchanged."""

from __future__ import annotations

from typing import Final

from grok_insights.domain.conversation import named_id

FIRST_NAME: Final = "sample-001"
LAST_NAME: Final = "sample-049"
FIRST_SAMPLE: Final = named_id(FIRST_NAME)
FAILED_SAMPLE: Final = named_id("sample-048")
LAST_SAMPLE: Final = named_id("sample-050")
"""Names and ids of conversations that `make run` sends. `FAILED_SAMPLE` is one that may fail."""

TEXT: Final = "My parcel is three weeks late. I want a refund!"
NEW_CONVERSATION: Final = {
    "external_id": "ticket-1",
    "text": TEXT,
    "metadata": {"channel": "mail"},
}
NEW_CONVERSATIONS: Final = {
    "conversations": [
        {
            "external_id": "ticket-2",
            "messages": [
                {"role": "customer", "text": "Where is my order?", "at": "2025-11-20T16:02:00Z"},
                {"role": "agent", "text": "It arrives tomorrow.", "name": "Priya"},
            ],
            "occurred_at": "2025-11-20T16:02:00Z",
        },
        {"external_id": "ticket-3", "text": "Thanks, that was quick!"},
    ]
}

NEW_ID: Final = named_id("ticket-1")
WAITING: Final = {"id": NEW_ID, "conversation_id": NEW_ID, "status": "enqueued"}
BULK: Final = {
    "accepted": 2,
    "rejected": 0,
    "results": [
        {"index": index, "external_id": name, "id": one, "conversation_id": one}
        | {"status": "enqueued"}
        for index, name in enumerate(("ticket-2", "ticket-3"))
        for one in [named_id(name)]
    ],
}
CONVERSATION: Final = {
    "id": NEW_ID,
    **NEW_CONVERSATION,
    "messages": None,
    "occurred_at": "2026-11-23T09:50:00.000Z",
    "created_at": "2026-11-23T10:14:58.000Z",
    "status": "completed",
}
INSIGHT: Final = {
    "id": NEW_ID,
    "conversation_id": NEW_ID,
    "external_id": "ticket-1",
    "occurred_at": "2026-11-23T09:50:00.000Z",
    "status": "completed",
    "summary": "The customer's parcel is three weeks late and they want a refund.",
    "sentiment": "negative",
    "topics": ["delivery_delay", "refund"],
    "fields": {"churn_risk": "high", "resolved": False},
    "quotes": [{"text": "My parcel is three weeks late", "start": 0, "end": 29}],
    "segments": {"channel": "mail"},
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
        "prompt_version": "2c62d9d3",
        "profile_version": 2,
    },
}
PAGE: Final = {"items": [INSIGHT], "next_cursor": None}
_NOT_STORED: Final = ("id", "conversation_id", "external_id", "occurred_at", "created_at", "meta")
PREVIEW: Final = {
    **{name: value for name, value in INSIGHT.items() if name not in _NOT_STORED},
    "mock": False,
}
INSIGHT_VERSIONS: Final = {
    "items": [
        {"revision": 2, "current": True, "insight": {**INSIGHT, "sentiment": "neutral"}},
        {"revision": 1, "current": False, "insight": INSIGHT},
    ],
    "diff": {
        "from": 1,
        "to": 2,
        "changes": [{"name": "sentiment", "before": "negative", "after": "neutral"}],
    },
}
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
TRENDS: Final = {
    "from": "2026-11-23T10:00:00.000Z",
    "to": "2026-11-23T11:00:00.000Z",
    "interval": "hour",
    "totals": TOTALS,
    "series": [{"start": "2026-11-23T10:00:00.000Z", **TOTALS}],
    "by": "topic",
    "labels": [
        {
            "label": "topic:refund",
            "value": "refund",
            "count": 2,
            "positive": 0,
            "negative": 2,
            "neutral": 0,
        }
    ],
    "top_topics": [{"topic": "refund", "count": 2}],
}
MOVERS: Final = {
    "by": "topic",
    "period": {
        "from": "2026-11-16T10:00:00.000Z",
        "to": "2026-11-23T10:00:00.000Z",
        "completed": 1000,
    },
    "before": {
        "from": "2026-11-09T10:00:00.000Z",
        "to": "2026-11-16T10:00:00.000Z",
        "completed": 1000,
    },
    "movers": [
        {
            "label": "topic:refund",
            "value": "refund",
            "count": 200,
            "count_before": 100,
            "share": 0.2,
            "share_before": 0.1,
            "change": 0.1,
            "negative_share": 0.75,
            "negative_share_before": 0.5,
            "p_value": 5e-10,
            "significant": True,
        }
    ],
}
NEW_ALERT_RULE: Final = {
    "name": "many-refunds",
    "label": "topic:refund",
    "measure": "share",
    "above": 0.2,
    "window": "1h",
}
ALERT_RULE: Final = {**NEW_ALERT_RULE, "minimum": 20}
ALERT_RULES: Final = {"items": [ALERT_RULE]}
ALERTS: Final = {
    "items": [
        {
            "id": "5b0c4bb5-3f0e-5d44-9c59-6a2f8f1e4d10",
            "status": "breached",
            "rule": ALERT_RULE,
            "since": "2026-11-23T10:16:00.123Z",
            "ended_at": None,
            "window": {"from": "2026-11-23T10:00:00.000Z", "to": "2026-11-23T11:00:00.000Z"},
            "count": 30,
            "completed": 100,
            "value": 0.3,
        }
    ]
}
HEALTH: Final = {
    "status": "healthy",
    "worker": {"state": "running"},
    "circuit": "closed",
    "queue": {"depth": 0},
    "dead_letters": 0,
    "database": "reachable",
    "batch_size": 5,
    "mode": "mock",
}
_KINDS: Final = {"count": 2, "positive": 0, "negative": 2, "neutral": 0, "failed": 0}
_NONE: Final = dict.fromkeys(_KINDS, 0)
OVERVIEW: Final = {
    "from": "2026-11-23T10:00:00.000Z",
    "to": "2026-11-23T11:00:00.000Z",
    "interval": "hour",
    "counted": None,
    "matches": 2,
    "counts": _KINDS,
    "series": [{"start": "2026-11-23T10:00:00.000Z", **_KINDS}],
    "series_before": [{"start": "2026-11-23T09:00:00.000Z", **_NONE}],
    "comparison": {
        "period": {"from": "2026-11-23T10:00:00.000Z", "to": "2026-11-23T11:00:00.000Z", **_KINDS},
        "before": {"from": "2026-11-23T09:00:00.000Z", "to": "2026-11-23T10:00:00.000Z", **_NONE},
    },
    "usage": {
        "tokens_used": TOTALS["tokens_used"],
        "estimated_cost": TOTALS["estimated_cost"],
        "mean_processing_time_ms": TOTALS["mean_processing_time_ms"],
    },
    "movers": [],
    "dimensions": [
        {
            "by": "topic",
            "from": "2026-11-23T10:00:00.000Z",
            "to": "2026-11-23T11:00:00.000Z",
            "labels": [
                {
                    "label": "topic:refund",
                    "value": "refund",
                    "count": 2,
                    "positive": 0,
                    "negative": 2,
                    "neutral": 0,
                    "change": 1.0,
                }
            ],
        }
    ],
    "status": HEALTH,
    "budget": {"daily_usd": 5.0, "spent_usd": 0.00034},
    **PAGE,
}
BUILT_IN: Final = {
    "version": 1,
    "note": "",
    "instructions": "",
    "topics": {"mode": "open", "labels": []},
    "fields": [],
    "quotes": False,
    "segments": [],
}
NEW_PROFILE: Final = {
    "note": "adds the churn risk",
    "topics": {
        "mode": "open",
        "labels": [
            {
                "name": "refund",
                "description": "The customer asks for money back.",
                "aliases": ["money_back"],
            }
        ],
    },
    "fields": [
        {
            "name": "churn_risk",
            "type": "enum",
            "values": ["low", "medium", "high"],
            "description": "How likely the customer is to leave.",
        }
    ],
    "quotes": True,
    "segments": ["channel"],
}
PROFILE: Final = {**BUILT_IN, **NEW_PROFILE, "version": 2}
NEW_PREVIEW: Final = {
    "profile": NEW_PROFILE,
    "conversation": {"text": "My parcel is three weeks late. I want a refund!"},
}
VERSIONS: Final = {
    "items": [
        {
            "version": 2,
            "note": "adds the churn risk",
            "created_at": "2026-11-23T10:14:58.000Z",
            "active": True,
        },
        {"version": 1, "note": "the built-in profile", "created_at": None, "active": False},
    ],
    "next_before": None,
}
PROPOSALS: Final = {"items": [{"topic": "broken_lid", "count": 12}]}

UPLOAD_ID: Final = "3f0e4f5b-38a4-4f0d-9c40-9d1de1c3a5f2"
JOB_ID: Final = "7b1d7a52-9f6e-4b0c-8d55-0b6b6f0c3f11"
NEW_UPLOAD: Final = {"name": "tickets.csv", "size": 18230144}
UPLOAD: Final = {
    "id": UPLOAD_ID,
    "name": "tickets.csv",
    "size": 18230144,
    "part_size": 8388608,
    "parts": 3,
    "uploaded": 2,
    "missing": [
        {
            "part": 3,
            "size": 1452928,
            "url": "https://bucket.s3.eu-central-1.amazonaws.com/uploads/...",
        }
    ],
    "expires_at": "2026-11-23T10:30:00.000Z",
}
NEW_JOB: Final = {
    "kind": "import",
    "upload_id": UPLOAD_ID,
    "mapping": {"text": "Body", "external_id": "Ticket", "occurred_at": "Date"},
}
STARTED_JOB: Final = {"id": JOB_ID, "kind": "import", "status": "running"}
JOB: Final = {
    **STARTED_JOB,
    "phase": "importing",
    "waiting_for": None,
    "file": "tickets.csv",
    "dry_run": False,
    "run": 1,
    "progress": {
        "bytes_read": 18230144,
        "bytes_total": 18230144,
        "lines_done": 12500,
        "lines_total": 50000,
        "percent": 25.0,
    },
    "counts": {"accepted": 12475, "repeated": 0, "rejected": 25, "erased": 0},
    "lines_per_second": 250.0,
    "eta_seconds": 150,
    "estimate": {
        "lines": 50000,
        "unreadable": 40,
        "tokens": 37450000,
        "cost_usd": "74.90",
        "seconds": 1351,
        "days_of_budget": None,
    },
    "error": None,
    "created_at": "2026-11-23T10:15:00.000Z",
    "started_at": "2026-11-23T10:15:00.000Z",
    "updated_at": "2026-11-23T10:15:50.000Z",
    "finished_at": None,
}
JOBS: Final = {"items": [JOB]}
