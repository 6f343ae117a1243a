"""The query function with parts of a test, and insights for it to read."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from functions.query.app import create_app
from grok_insights.aws.concurrent import chunks
from grok_insights.aws.insights.item import insight_to_item
from grok_insights.aws.ledger import Entry
from grok_insights.domain.insight import Analysis, Insight, Sentiment
from grok_insights.http import HttpHandler
from grok_insights.wiring import Parts
from tests.builders import LIFETIME, NOW, LambdaContext, api_event, failed_insight, insight

LIST = "/api/v1/insights"
TRENDS = "/api/v1/insights/trends"
TOPICS = ("refund", "delivery", "login", "price", "warranty", "praise")


@dataclass(frozen=True)
class ClientResponse:
    """A response as a client sees it."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


def response_of(http_handler: HttpHandler[Any], event: dict[str, Any]) -> ClientResponse:
    """Return the response to an event, with its body decompressed and parsed."""
    response = http_handler(event, LambdaContext())
    if response["isBase64Encoded"]:
        response["body"] = gzip.decompress(b64decode(response["body"])).decode()
    headers = {name: values[0] for name, values in response["multiValueHeaders"].items()}
    is_json = "json" in headers.get("Content-Type", "") and response["body"]
    body = json.loads(response["body"]) if is_json else response["body"]
    return ClientResponse(response["statusCode"], body, headers)


class Query:
    """The query function."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.http_handler = create_app(parts)

    def get(self, path: str, **query: str) -> ClientResponse:
        return self.send(api_event("GET", path, query=query))

    def send(self, event: dict[str, Any]) -> ClientResponse:
        return response_of(self.http_handler, event)

    def pages(self, **query: str) -> list[list[str]]:
        """Return the ids of all pages of a list, page by page."""
        pages: list[list[str]] = []
        more: dict[str, str] | None = {}
        while more is not None:
            body = self.get(LIST, **query, **more).body
            pages.append([item["id"] for item in body["items"]])
            cursor = body["next_cursor"]
            more = None if cursor is None else {"cursor": cursor}
        return pages

    def save(self, insights: Iterable[Insight]) -> None:
        """Save insights as the analysis does, with their counters."""
        parts = self.parts
        ledger = parts.ledger
        ledger.save([Entry(insight, LIFETIME) for insight in insights])

    def place(self, insights: Iterable[Insight]) -> None:
        """Write insights into their table only, without counters: many of them, fast."""
        table = self.parts.insights
        for insights_of_a_batch in chunks(insights, 25):
            puts = [
                {"PutRequest": {"Item": insight_to_item(one, table.shards, LIFETIME)}}
                for one in insights_of_a_batch
            ]
            self.parts.dynamodb.batch_write_item(RequestItems={table.table: puts})  # type: ignore[dict-item]


def identity(number: int) -> str:
    """Return the id of the insight with this number."""
    return str(UUID(int=number))


def numbered(number: int, **overrides: Any) -> Insight:
    """Return the insight with this number, a minute older than the last; every seventh failed."""
    values = {
        "conversation_id": identity(number),
        "created_at": NOW - timedelta(minutes=number),
        **overrides,
    }
    if number % 7 == 6:
        return failed_insight(**values)
    sentiment = list(Sentiment)[number % 3]
    topics = tuple(TOPICS[(number + place) % 6] for place in range(number % 6))
    return insight(**{"outcome": Analysis("A summary.", sentiment, topics), **values})
