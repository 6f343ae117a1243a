"""Stores versions of the profile in the State table, and which of them is active.

A version never changes. The pointer, another item, names the active and the newest version. Both
are written in one transaction, on condition that the pointer has not changed since it was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from grok_insights.aws.dynamodb.attributes import Item, number, text
from grok_insights.aws.dynamodb.batch_get import BatchGet
from grok_insights.aws.dynamodb.conditions import refused_item
from grok_insights.aws.dynamodb.items import all_parsed, unchanged
from grok_insights.aws.dynamodb.transactions import CONDITION_FAILED_REASON, write_or_reasons
from grok_insights.aws.state.names import PROFILE, profile_version
from grok_insights.aws.state.parsing import UnreadableAttribute
from grok_insights.aws.state.profile_items import (
    BUILT_IN_VERSION,
    NO_POINTER,
    Pointer,
    ProfileVersion,
    parse_pointer,
    parse_profile,
    parse_version,
    version_item,
)
from grok_insights.domain.profile import BUILT_IN, Profile
from grok_insights.errors import UnreadableItem

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

POINTER_NAMES: Final = ("active", "newest")
CHANGED: Final = {CONDITION_FAILED_REASON, "TransactionConflict"}
"""Reasons of a write that another write has preceded, or is about to."""


@dataclass(frozen=True, slots=True)
class ReadPointer:
    """The pointer as it was read. ``pointer`` is None if the item is damaged."""

    item: Item
    pointer: Pointer | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class ProfileStore:
    """The items of the profile."""

    client: DynamoDBClient
    table: str
    batch_get: BatchGet
    now: Callable[[], datetime]

    def pointer(self) -> ReadPointer:
        """Return the pointer. It names the built-in version if no other one was stored."""
        item = self._item(PROFILE)
        if not item:
            return ReadPointer(item, NO_POINTER)
        try:
            return ReadPointer(item, parse_pointer(item))
        except UnreadableAttribute as error:
            return ReadPointer(item, None, _sentence(PROFILE, error))

    def profile(self, version: int) -> Profile | None:
        """Return a version of the profile; None if it does not exist.

        Raises
        ------
        UnreadableItem
            The item is damaged. The message names it and its attribute.
        """
        if version == BUILT_IN.version:
            return BUILT_IN
        name = profile_version(version)
        item = self._item(name)
        try:
            return parse_profile(item, version) if item else None
        except UnreadableAttribute as error:
            raise UnreadableItem(_sentence(name, error)) from None

    def versions(self, numbers: Iterable[int]) -> list[ProfileVersion]:
        """Return at most 100 versions in the order of their numbers. Damaged ones are left out."""
        wanted = set(numbers)
        items = self._versions(wanted - {BUILT_IN.version})
        found = list(all_parsed(parse_version, items, "id"))
        found += [BUILT_IN_VERSION] if BUILT_IN.version in wanted else []
        return sorted(found, key=lambda one: one.version)

    def add(self, profile: Profile, read: ReadPointer, *, active: int) -> bool:
        """Store a new version, and activate ``active``, which may be the new one.

        Return False if the pointer has changed since it was read.

        Raises
        ------
        TimeoutError
            The version could not be stored.
        """
        put: dict[str, Any] = {
            "TableName": self.table,
            "Item": version_item(profile, self.now()),
            "ConditionExpression": "attribute_not_exists(id)",
        }
        update = self._pointer_update(read, Pointer(active, profile.version))
        reasons = write_or_reasons(self.client, [{"Update": update}, {"Put": put}])  # type: ignore[typeddict-item]
        codes = {reason["Code"] for reason in reasons} - {"None"}
        if codes - CHANGED:
            raise TimeoutError("the version of the profile was not stored")
        return not codes

    def activate(self, version: int, read: ReadPointer) -> bool:
        """Make a version the active one.

        Return False if the pointer has changed since it was read. If it was damaged, it is made
        anew.
        """
        newest = read.pointer.newest if read.pointer else self._newest()
        update = self._pointer_update(read, Pointer(version, newest))
        try:
            self.client.update_item(**update, ReturnValuesOnConditionCheckFailure="ALL_OLD")
        except ClientError as error:
            # The response to an earlier try may have been lost.
            return refused_item(error).get("active") == number(version)
        return True

    def _pointer_update(self, read: ReadPointer, pointer: Pointer) -> dict[str, Any]:
        condition = unchanged(read.item, POINTER_NAMES)
        values = {":active": number(pointer.active), ":newest": number(pointer.newest)}
        return {
            "TableName": self.table,
            "Key": {"id": text(PROFILE)},
            "UpdateExpression": "SET active = :active, newest = :newest",
            **condition,
            "ExpressionAttributeValues": {
                **condition.get("ExpressionAttributeValues", {}),
                **values,
            },
        }

    def _newest(self) -> int:
        """Return the newest version that exists. The versions have no gaps."""
        newest = BUILT_IN.version
        while self._item(profile_version(newest + 1)):
            newest += 1
        return newest

    def _versions(self, numbers: Iterable[int]) -> list[Item]:
        keys = [{"id": text(profile_version(one))} for one in numbers]
        if not keys:
            return []
        names = {"#id": "id", "#note": "note", "#created_at": "created_at"}
        wanted = {
            "Keys": keys,
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
        }
        return self.batch_get({self.table: wanted})[self.table]

    def _item(self, name: str) -> Item:
        response = self.client.get_item(
            TableName=self.table, Key={"id": text(name)}, ConsistentRead=True
        )
        return response.get("Item", {})


def _sentence(name: str, error: UnreadableAttribute) -> str:
    return f"item {name} of the State table: {error}"
