"""POST …/retry: a failed analysis is repeated, and no other one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from functions.ingest.app import create_app
from grok_insights.aws.ledger import Entry
from grok_insights.aws.queue import Message
from grok_insights.aws.worklist import Worklist
from grok_insights.domain.conversation import Conversation
from grok_insights.domain.insight import Insight, Origin
from grok_insights.wiring import Parts
from tests.builders import AN_ID, LambdaContext, api_event, failed_insight, insight

REDRIVEN = Origin("grok", False, 0.25, 1, "1", redrives=2)


def store(parts: Parts, of: Insight | None = None) -> Conversation:
    """Store a conversation, with its insight."""
    one = Conversation(AN_ID, "My parcel", parts.now(), parts.now())
    stored = parts.conversations.add([one]).stored[AN_ID]
    if of is not None:
        parts.ledger.save([Entry(of, stored.lifetime)])
    return stored


def retry(parts: Parts, conversation_id: str = AN_ID) -> dict[str, Any]:
    path = f"/api/v1/conversations/{conversation_id}/retry"
    response: dict[str, Any] = create_app(parts)(api_event("POST", path), LambdaContext())
    return response


def sent(parts: Parts) -> list[Message]:
    url = parts.settings.analysis_queue_url
    received = parts.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [Message.from_body(one["Body"]) for one in received.get("Messages", [])]


def test_a_failed_analysis_is_repeated_and_may_be_replaced(parts: Parts) -> None:
    store(parts, failed_insight(origin=REDRIVEN))
    assert retry(parts)["statusCode"] == 202
    [message] = sent(parts)
    assert (message.conversation_id, message.attempt, message.redrives) == (AN_ID, 1, 3)
    todo = Worklist(parts.batch_get, parts.conversations, parts.insights, parts.now).read([message])
    [work] = todo.works
    assert work.replaces is not None
    stored = parts.insights.stored(AN_ID)
    assert stored is not None
    assert stored.status == "failed"


def test_an_analysis_that_has_not_failed_is_not_repeated(parts: Parts) -> None:
    store(parts, insight())
    assert retry(parts)["statusCode"] == 409
    assert sent(parts) == []


def test_a_conversation_that_waits_is_not_sent_again(parts: Parts) -> None:
    store(parts)
    assert retry(parts)["statusCode"] == 409
    assert sent(parts) == []


def test_a_conversation_that_does_not_exist_is_404(parts: Parts) -> None:
    assert retry(parts, str(UUID(int=9)))["statusCode"] == 404
    store(parts, failed_insight())
    erased = create_app(parts)(
        api_event("DELETE", f"/api/v1/conversations/{AN_ID}"), LambdaContext()
    )
    assert erased["statusCode"] == 204
    assert retry(parts)["statusCode"] == 404
    assert sent(parts) == []


def test_a_message_that_cannot_be_sent_is_503(parts: Parts) -> None:
    store(parts, failed_insight())
    parts.sqs.delete_queue(QueueUrl=parts.settings.analysis_queue_url)
    response = retry(parts)
    assert response["statusCode"] == 503
    assert response["multiValueHeaders"]["Retry-After"] == ["1"]
