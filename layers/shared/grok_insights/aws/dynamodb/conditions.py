"""Writes that DynamoDB refuses because their condition is not met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

    from grok_insights.aws.dynamodb.attributes import Item

CONDITION_FAILED_CODE: Final = "ConditionalCheckFailedException"


def refused_item(error: ClientError) -> Item:
    """Return the stored item for which the condition was not met.

    The result is empty if the request did not ask for the item.

    Raises
    ------
    ClientError
        ``error`` itself, if it has another cause.
    """
    if error.response["Error"]["Code"] != CONDITION_FAILED_CODE:
        raise error
    item: Item = error.response.get("Item", {})  # type: ignore[assignment]
    return item
