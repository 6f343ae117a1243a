"""A batch from the queue: parses the messages, calls the use case and says which come again."""

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


def handler(
    event: dict[str, Any], context: Any, analysis: BatchAnalysis = service
) -> dict[str, Any]:
    """AWS Lambda's entry: a batch from the event source mapping."""
    logger.set_correlation_id(context.aws_request_id)
    read = {record["messageId"]: _message(record) for record in event["Records"]}
    report = analysis.batch(
        [message for message in read.values() if message],
        remaining_seconds=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    flush()
    again = [
        message_id
        for message_id, message in read.items()
        if message is None or message.conversation_id in report.redelivered
    ]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}


def _message(record: dict[str, Any]) -> Message | None:
    """The message of a record; None where it is unreadable, which ends in the dead-letter queue."""
    try:
        receives = int(record["attributes"].get("ApproximateReceiveCount", 1))
        return Message.from_body(record["body"], receives)
    except ValueError:
        logger.error("a message is not one of this queue")
        return None
