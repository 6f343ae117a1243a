"""The analysis function: parses a batch of messages, and returns those to deliver again.

The ingest function calls it for previews of a profile, and waits for the response.
"""

from __future__ import annotations

from grok_insights.startup import ready

# isort: split
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from grok_insights import wiring
from grok_insights.analysis.admission import Delay
from grok_insights.analysis.batch import BatchAnalysis
from grok_insights.aws.queue import Message
from grok_insights.telemetry import flush, logger

if TYPE_CHECKING:
    from grok_insights.analysis.preview import PreviewAnalysis

service = wiring.analysis(wiring.parts())


@cache
def previews() -> PreviewAnalysis:
    """Return the use case of previews, which most environments never need."""
    return wiring.preview(wiring.parts())


ready()


@logger.inject_lambda_context
def handler(
    event: dict[str, Any], context: Any, analysis: BatchAnalysis = service
) -> dict[str, Any]:
    """Process one event of the SQS event source mapping, and return the batch item failures.

    An event with ``preview`` comes from the ingest function.
    """
    if "preview" in event:
        return preview(event["preview"], context)
    messages = {record["messageId"]: _message(record) for record in event["Records"]}
    report = analysis.batch(
        [message for message in messages.values() if message],
        remaining_seconds=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    flush()
    failures = [
        message_id
        for message_id, message in messages.items()
        if message is None or message.conversation_id in report.redelivered
    ]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failures]}


def preview(
    document: dict[str, Any], context: Any, previews: Callable[[], PreviewAnalysis] = previews
) -> dict[str, Any]:
    """Return the insight of a preview, or why and for how long no call may start."""
    from grok_insights.domain.preview import NewPreview

    new = NewPreview.model_validate(document)
    outcome = previews()(new, context.get_remaining_time_in_millis() / 1000)
    flush()
    if isinstance(outcome, Delay):
        return {"reason": outcome.reason, "seconds": outcome.seconds}
    return {"insight": {**outcome.outcome_as_json(), "mock": outcome.origin.mock}}


def _message(record: dict[str, Any]) -> Message | None:
    """Return the message of a record; None if it is unreadable.

    SQS moves an unreadable message to the dead-letter queue after several receives.
    """
    try:
        receives = int(record["attributes"].get("ApproximateReceiveCount", 1))
        return Message.from_body(record["body"], receives)
    except ValueError:
        logger.error("a message could not be read")
        return None
