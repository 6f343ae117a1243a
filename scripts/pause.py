"""Pause and resume the analysis: ``make pause REASON="…"`` and ``make resume``.

A pause is one item in the State table: ``pause``, with a ``reason`` and the time ``since``. The
analysis runs while the item does not exist. During a pause, conversations are accepted and wait;
none is lost, none is sent to Grok.

With ``ENV=staging`` the command uses that environment's stack in the current AWS account, else the
stack whose ``STATE_TABLE_NAME`` is in the environment, as the local stack's ``stack.env`` sets it.
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
    """Pause the analysis. An existing pause keeps its start and gets the new reason."""
    since = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    dynamodb.update_item(
        TableName=table,
        Key=ITEM,
        UpdateExpression="SET reason = :reason, since = if_not_exists(since, :since)",
        ExpressionAttributeValues={":reason": {"S": reason}, ":since": {"S": since}},
    )


def resume(dynamodb: DynamoDBClient, table: str) -> bool:
    """Resume the analysis; return False if it was not paused."""
    gone = dynamodb.delete_item(TableName=table, Key=ITEM, ReturnValues="ALL_OLD")
    return "Attributes" in gone


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run one command; print a failure as a sentence and return exit status 1."""
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
        return "The analysis is resumed." if was_paused else "The analysis was not paused."
    reason = environ.get("REASON", "").strip()
    if arguments != ["pause"] or not reason or len(reason) > LONGEST_REASON:
        raise UnusableError(
            f'usage: make pause REASON="why" (up to {LONGEST_REASON} characters), make resume'
        )
    pause(dynamodb, _table(environ), reason, datetime.now(UTC))
    return f"The analysis is paused: {reason}. Conversations wait until make resume."


def _table(environ: Mapping[str, str]) -> str:
    name = environ.get("ENV", "")
    if name:
        stack_name = environment(name).stack_name
        return outputs(aws_session(environ).client("cloudformation"), stack_name)["StateTableName"]
    if "STATE_TABLE_NAME" not in environ:
        raise UnusableError("Which stack? Set ENV=dev, staging or prod, or start one with make up.")
    return environ["STATE_TABLE_NAME"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
