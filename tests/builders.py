"""Builders of test inputs: events, messages, insights. Each has defaults that can be overridden."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from grok_insights.domain.conversation import Lifetime
from grok_insights.domain.insight import (
    Analysis,
    Cost,
    CostSource,
    Failure,
    Insight,
    Origin,
    Sentiment,
)

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
AN_ID = "0b5a4f5e-3c1f-5f0e-8f57-2f9d3c0f4a11"

GENERATION = 1_700_000_000_000
LIFETIME = Lifetime(GENERATION, NOW + timedelta(days=90))
"""The id of a conversation that is not stored in the test."""


def environment(**overrides: str) -> dict[str, str]:
    """Return the environment of a function, with credentials that are not valid anywhere."""
    return {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "CONVERSATIONS_TABLE": "conversations",
        "INSIGHTS_TABLE": "insights",
        "VERSIONS_TABLE": "versions",
        "TRENDS_TABLE": "trends",
        "STATE_TABLE": "state",
        "JOBS_TABLE": "jobs",
        "FILES_BUCKET": "files",
        "IMPORT_STATE_MACHINE": "arn:aws:states:us-east-1:123456789012:stateMachine:import",
        "REWORK_STATE_MACHINE": "arn:aws:states:us-east-1:123456789012:stateMachine:rework",
        "ANALYSIS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/analysis",
        "DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/dead",
        "EVENTS_DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/dead",
        "WEBHOOK_DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/dead",
        "CURSOR_KEY": "a key of the tests",
        "EVENT_BUS": "the-bus",
        "CORS_ALLOWED_ORIGINS": "https://app.example,https://other.example",
        "GROK_MOCK_MAX_LATENCY_SECONDS": "0",
        "POWERTOOLS_METRICS_NAMESPACE": "GrokInsights",
        "POWERTOOLS_SERVICE_NAME": "grok-insights",
        **overrides,
    }


def insight(**overrides: Any) -> Insight:
    """Return a completed insight."""
    values: dict[str, Any] = {
        "conversation_id": AN_ID,
        "occurred_at": overrides.get("created_at", NOW),
        "created_at": NOW,
        "outcome": Analysis("The parcel is late.", Sentiment.NEGATIVE, ("delivery", "refund")),
        "cost": Cost(tokens=120, ticks=1_700_000, source=CostSource.REPORTED),
        "origin": Origin("grok", False, 0.25, 1, "1"),
        "processing_time_ms": 250,
    }
    return Insight(**{**values, **overrides})


def failed_insight(**overrides: Any) -> Insight:
    """Return an insight with an error instead of an analysis."""
    return insight(**{"outcome": Failure("refused", "Grok refused to answer"), **overrides})


def api_event(
    method: str,
    path: str,
    body: Any = None,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    source_ip: str = "192.0.2.1",
) -> dict[str, Any]:
    """Return a request as API Gateway's REST API passes it to a function.

    A text body is sent unchanged.
    """
    sent = {"Content-Type": "application/json", **(headers or {})}
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": dict(query) if query else None,
        "multiValueQueryStringParameters": {k: [v] for k, v in query.items()} if query else None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "requestId": "a-request",
            "stage": "v1",
            "path": f"/v1{path}",
            "identity": {"sourceIp": source_ip},
        },
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }


def sqs_event(bodies: Sequence[str]) -> dict[str, Any]:
    """Return a batch as the event source mapping passes it: ids are ``m0``, ``m1``, …"""
    return {
        "Records": [
            {"messageId": f"m{index}", "body": body, "attributes": {}}
            for index, body in enumerate(bodies)
        ]
    }


@dataclass
class LambdaContext:
    """The context of an invocation, with a fixed remaining time."""

    remaining_ms: int = 60_000
    aws_request_id: str = "an-invocation"
    function_name: str = "a-function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:a-function"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms
