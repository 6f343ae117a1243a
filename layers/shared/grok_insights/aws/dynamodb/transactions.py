"""Conditional writes in one transaction, without the entries that cannot be written."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from grok_insights.aws import jitter
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from grok_insights.aws.dynamodb.attributes import Item

T = TypeVar("T")
ActionsOf = Callable[[T], "list[TransactWriteItemTypeDef]"]
SharedActions = Callable[[Sequence[T]], "list[TransactWriteItemTypeDef]"]

MAX_ACTIONS: Final = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html"""

MAX_CONFLICTS: Final = 10

CONDITION_FAILED_REASON: Final = "ConditionalCheckFailed"
TEMPORARY: Final = {
    "None",
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
}
"""Temporary reasons: another transaction on the same item, or a partition at its limit."""

INVALID_REASONS: Final = {"ValidationError", "ItemCollectionSizeLimitExceeded"}
INVALID_REQUESTS: Final = {"ValidationException", "SerializationException"}
"""Codes of writes that DynamoDB never accepts: reasons of single actions, and errors of requests.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html"""

KNOWN_REASONS: Final = {CONDITION_FAILED_REASON, *TEMPORARY, *INVALID_REASONS}

UNBUILDABLE: Final = (ValueError, OverflowError, RecursionError)
"""Errors of building an action with values that no item can contain."""


@dataclass(frozen=True, slots=True)
class Refusal(Generic[T]):
    """An entry of which a condition was not met, and the existing item, if the write asked for it.

    If several of its conditions were not met, the item is that of the first one.
    """

    entry: T
    item: Item


@dataclass(frozen=True, slots=True)
class Written(Generic[T]):
    """The result of a write. All entries that are not listed here were written.

    ``refusals`` are entries of which a condition was not met. ``invalid`` are entries that DynamoDB
    never accepts. ``failed`` entries may be written later: the request failed or was throttled.
    """

    refusals: list[Refusal[T]] = field(default_factory=list)
    invalid: list[T] = field(default_factory=list)
    failed: list[T] = field(default_factory=list)


def _nothing(entries: object) -> list[TransactWriteItemTypeDef]:
    """Return no shared actions."""
    del entries
    return []


@dataclass(frozen=True, slots=True)
class _Request(Generic[T]):
    """How the actions of a transaction are built, of each entry and of all that remain."""

    actions: ActionsOf[T]
    shared: SharedActions[T]


@dataclass(frozen=True, slots=True)
class Transactions:
    """Writes transactions."""

    client: DynamoDBClient
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = jitter.fraction

    def write(
        self, entries: Sequence[T], actions: ActionsOf[T], shared: SharedActions[T] = _nothing
    ) -> Written[T]:
        """Write all entries that can be written in one transaction, and return the result.

        ``actions`` builds the actions of one entry, which is written with all of them or not at
        all. ``shared`` builds further actions, without a condition, of the entries that remain. If
        DynamoDB calls a transaction invalid without naming an entry, each half of it is written
        separately.
        """
        written: Written[T] = Written()
        self._write(list(entries), _Request(actions, shared), written)
        return written

    def _write(self, entries: list[T], request: _Request[T], written: Written[T]) -> None:
        conflicts = 0
        while entries:
            try:
                groups = [request.actions(entry) for entry in entries]
                every = [*chain(*groups), *request.shared(entries)]
                reasons = write_or_reasons(self.client, every)
            except UNBUILDABLE:
                return self._split(entries, request, written)
            except (ClientError, BotoCoreError) as error:
                return _give_up(entries, code_of(error), written)
            if not reasons:
                return None
            rest = iter(reasons)
            by_entry = [list(islice(rest, len(group))) for group in groups]
            if has_invalid([*rest]):
                return self._split(entries, request, written)
            remaining = _remaining(entries, by_entry, written)
            if len(remaining) == len(entries):
                conflicts += 1
                if conflicts == MAX_CONFLICTS:
                    return _give_up(entries, "TransactionConflict", written)
                self.sleep(jitter.seconds_before_retry(conflicts, self.random()))
            entries = remaining
        return None

    def _split(self, entries: list[T], request: _Request[T], written: Written[T]) -> None:
        if len(entries) == 1:
            written.invalid.extend(entries)
            return
        half = len(entries) // 2
        self._write(entries[:half], request, written)
        self._write(entries[half:], request, written)


def has_invalid(reasons: list[dict[str, Any]]) -> bool:
    """Return whether any of these reasons is that a write is invalid."""
    return any(reason["Code"] in INVALID_REASONS for reason in reasons)


def _remaining(
    entries: list[T], reasons: list[list[dict[str, Any]]], written: Written[T]
) -> list[T]:
    """Return the entries that can still be written, and add the others to the result.

    ``reasons`` are those of each entry's actions.
    """
    remaining: list[T] = []
    for entry, own in zip(entries, reasons, strict=True):
        refused = next((one for one in own if one["Code"] == CONDITION_FAILED_REASON), None)
        if refused is not None:
            written.refusals.append(Refusal(entry, refused.get("Item", {})))
        elif has_invalid(own):
            written.invalid.append(entry)
        else:
            remaining.append(entry)
    return remaining


def _give_up(entries: list[T], code: str, written: Written[T]) -> None:
    logger.error("a transaction was not written", extra={"code": code, "entries": len(entries)})
    written.failed.extend(entries)


def code_of(error: ClientError | BotoCoreError) -> str:
    """Return the code of an error of DynamoDB, or the class name of a connection error.

    The message of an error is not logged, since it may quote the item.
    """
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__


def write_or_reasons(
    client: DynamoDBClient, actions: list[TransactWriteItemTypeDef]
) -> list[dict[str, Any]]:
    """Write a transaction. Return an empty list, or the cancellation reason of each action.

    If DynamoDB calls the whole transaction invalid, the list has one more reason at its end.

    Raises
    ------
    ClientError, BotoCoreError
        The request failed, or a cancellation reason is unknown.
    """
    try:
        client.transact_write_items(TransactItems=actions)
    except ClientError as error:
        if code_of(error) in INVALID_REQUESTS:
            return [{"Code": "None"}] * len(actions) + [{"Code": "ValidationError"}]
        reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
        if not reasons or any(reason["Code"] not in KNOWN_REASONS for reason in reasons):
            raise
        return reasons
    return []
