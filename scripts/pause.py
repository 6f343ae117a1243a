"""Stops the analysis, and lets it go on: ``make pause REASON="…"`` and ``make resume``.

It writes one item into the State table: ``pause``, with a ``reason`` and ``since`` when. Without it
the analysis runs. Conversations go on being accepted and wait; none is lost, none is tried.

With ``ENV=staging`` it is that environment's stack in the AWS account at hand, else the stack whose
``STATE_TABLE_NAME`` is in the environment, as the local stack's ``stack.env`` sets it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from grok_insights.aws.state.names import PAUSE
from scripts.environments import UnusableError, aws_session, environment, outputs

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ITEM: dict[str, Any] = {"id": {"S": PAUSE}}
LONGEST_REASON = 200


def pause(dynamodb: DynamoDBClient, table: str, reason: str, now: datetime) -> None:
    """Stop the analysis. A pause that lasts already keeps its beginning and gets the new reason."""
    since = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    dynamodb.update_item(
        TableName=table,
        Key=ITEM,
        UpdateExpression="SET reason = :reason, since = if_not_exists(since, :since)",
        ExpressionAttributeValues={":reason": {"S": reason}, ":since": {"S": since}},
    )


def resume(dynamodb: DynamoDBClient, table: str) -> bool:
    """Let the analysis go on; False where it was not stopped."""
    gone = dynamodb.delete_item(TableName=table, Key=ITEM, ReturnValues="ALL_OLD")
    return "Attributes" in gone


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Runs one command; any failure is a sentence and exit status 1."""
    try:
        print(_done(arguments, environ))
    except UnusableError as error:
        print(error)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"AWS refused or was not reached: {error}")
        return 1
    return 0


def _done(arguments: list[str], environ: Mapping[str, str]) -> str:
    dynamodb = aws_session(environ).client("dynamodb")
    if arguments == ["resume"]:
        was_paused = resume(dynamodb, _table(environ))
        return "The analysis goes on." if was_paused else "The analysis was not paused."
    reason = environ.get("REASON", "").strip()
    if arguments != ["pause"] or not reason or len(reason) > LONGEST_REASON:
        raise UnusableError(
            f'usage: make pause REASON="why" (up to {LONGEST_REASON} characters), make resume'
        )
    pause(dynamodb, _table(environ), reason, datetime.now(UTC))
    return f"The analysis is paused: {reason}. Conversations wait; make resume lets it go on."


def _table(environ: Mapping[str, str]) -> str:
    name = environ.get("ENV", "")
    if name:
        stack_name = environment(name).stack_name
        return outputs(aws_session(environ).client("cloudformation"), stack_name)["StateTableName"]
    if "STATE_TABLE_NAME" not in environ:
        raise UnusableError("Which stack? Say ENV=dev, staging or prod, or make up one here.")
    return environ["STATE_TABLE_NAME"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
