"""Writes that DynamoDB refuses because their condition does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

    from grok_insights.aws.dynamodb.attributes import Item

REFUSED: Final = "ConditionalCheckFailedException"


def refused_item(error: ClientError) -> Item:
    """Return the item whose condition did not hold, empty where the request did not ask for it.

    Raises
    ------
    ClientError
        The error itself, where it is about anything else.
    """
    if error.response["Error"]["Code"] != REFUSED:
        raise error
    item: Item = error.response.get("Item", {})  # type: ignore[assignment]
    return item
