"""The analysis function: parses a batch of messages, and returns those to deliver again."""

from __future__ import annotations

from grok_insights.startup import ready

# isort: split
from typing import Any

from grok_insights import wiring
from grok_insights.analysis.batch import BatchAnalysis
from grok_insights.aws.queue import Message
from grok_insights.telemetry import flush, logger

service = wiring.analysis(wiring.parts())

ready()


@logger.inject_lambda_context
def handler(
    event: dict[str, Any], context: Any, analysis: BatchAnalysis = service
) -> dict[str, Any]:
    """Process one event of the SQS event source mapping, and return the batch item failures."""
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
