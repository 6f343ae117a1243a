"""Send the same requests with our AWS client and boto3's, in one process, without network.

Runs in the Lambda environment and writes JSON.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from benchmarks.comparison import interleaved
from grok_insights.aws import clients
from grok_insights.aws.conversation_item import conversation_to_item
from grok_insights.aws.dynamodb.transactions import Transactions
from grok_insights.aws.state.counters import StateCounters
from grok_insights.domain.conversation import Conversation
from grok_insights.flow.rate_limit import RateLimit
from tests.builders import NOW

ROUNDS, CALLS = 15, 30
TEXT = "Customer: My parcel is late. Agent: It will come tomorrow. " * 5


class _Body:
    """The body of a response that did not come from the network."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        """Return the whole body."""
        return [self._body]


def unplugged(client: Any) -> Any:
    """Return a client that gets prepared responses instead of sending its requests."""
    body = _Body(json.dumps({"Attributes": {"requests": {"N": "1"}}}).encode())

    def answer(request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, 200, HTTPHeaders(), body)

    client.meta.events.register("before-send", answer)
    return client


def small(client: Any) -> Callable[[], object]:
    """Count a request for the rate limit."""
    state = StateCounters(client, "state", Transactions(client))
    window = RateLimit(60, 60).window(NOW.timestamp())
    return lambda: state.count_request("client", window)


def large(client: Any) -> Callable[[], object]:
    """Store 50 conversations in one transaction."""
    items = [
        conversation_to_item(Conversation(str(number), TEXT, NOW, NOW)) for number in range(50)
    ]
    puts = [{"Put": {"TableName": "conversations", "Item": item}} for item in items]
    return lambda: client.transact_write_items(TransactItems=puts)


def cpu_ms(call: Callable[[], object]) -> float:
    """Return the milliseconds of CPU of one call."""
    begun = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - begun) * 1000 / CALLS


def main() -> None:
    """Measure, and write every round as JSON."""
    made = {"ours": clients.dynamodb(), "boto3": boto3.client("dynamodb")}
    implementations = {who: unplugged(client) for who, client in made.items()}
    gc.collect()
    gc.freeze()
    found = {}
    for name, request in {"UpdateItem": small, "TransactWriteItems of 50": large}.items():
        calls = {who: request(client) for who, client in implementations.items()}
        comparison = {who: partial(cpu_ms, call) for who, call in calls.items()}
        found[name] = interleaved(comparison, ROUNDS)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
