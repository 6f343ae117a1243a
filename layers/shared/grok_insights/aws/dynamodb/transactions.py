"""Conditional writes in one transaction, less those that cannot be part of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from grok_insights.aws import jitter
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from grok_insights.aws.dynamodb.attributes import Item

T = TypeVar("T")
Actions = Callable[[Sequence[T]], "list[TransactWriteItemTypeDef]"]

MAX_ACTIONS: Final = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html"""

MAX_CONFLICTS: Final = 10

REFUSED: Final = "ConditionalCheckFailed"
PASSING: Final = {"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
"""Reasons that go away: another transaction on the same item, a partition at its limit."""

INVALID_REASONS: Final = {"ValidationError", "ItemCollectionSizeLimitExceeded"}
INVALID_REQUESTS: Final = {"ValidationException", "SerializationException"}
"""What DynamoDB will never take, as the reason of one action and as the error of a request.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html"""

KNOWN: Final = {REFUSED, *PASSING, *INVALID_REASONS}

UNBUILDABLE: Final = (ValueError, OverflowError, RecursionError)
"""What building an action raises for values that no item can hold."""


@dataclass(frozen=True, slots=True)
class Refusal(Generic[T]):
    """An entry that was not written, and the item that stands in its place, where it was asked."""

    entry: T
    item: Item


@dataclass(frozen=True, slots=True)
class Written(Generic[T]):
    """What became of entries. Those that are named nowhere here were written.

    ``refusals`` are those whose condition does not hold. ``invalid`` are those that DynamoDB never
    takes. ``failed`` may be written later: DynamoDB did not answer, or was asked too often.
    """

    refusals: list[Refusal[T]] = field(default_factory=list)
    invalid: list[T] = field(default_factory=list)
    failed: list[T] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Transactions:
    """Writes transactions."""

    client: DynamoDBClient
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = jitter.fraction

    def write(self, entries: Sequence[T], actions: Actions[T]) -> Written[T]:
        """Write all entries that can be written, in one transaction, and return the others.

        ``actions`` makes the transaction of the entries that are left: one action an entry, in
        order, and then any number of actions without a condition. Where DynamoDB finds a
        transaction invalid without naming an entry, its halves are written by themselves.
        """
        written: Written[T] = Written()
        self._write(list(entries), actions, written)
        return written

    def _write(self, entries: list[T], actions: Actions[T], written: Written[T]) -> None:
        conflicts = 0
        while entries:
            try:
                reasons = write_or_reasons(self.client, actions(entries))
            except UNBUILDABLE:
                return self._split(entries, actions, written)
            except (ClientError, BotoCoreError) as error:
                return _give_up(entries, code_of(error), written)
            if names_no_entry(reasons[len(entries) :]):
                return self._split(entries, actions, written)
            left = _left(entries, reasons, written)
            if len(left) == len(entries):
                conflicts += 1
                if conflicts == MAX_CONFLICTS:
                    return _give_up(entries, "TransactionConflict", written)
                self.sleep(jitter.seconds_before_retry(conflicts, self.random()))
            entries = left
        return None

    def _split(self, entries: list[T], actions: Actions[T], written: Written[T]) -> None:
        if len(entries) == 1:
            written.invalid.extend(entries)
            return
        half = len(entries) // 2
        self._write(entries[:half], actions, written)
        self._write(entries[half:], actions, written)


def names_no_entry(reasons: list[dict[str, Any]]) -> bool:
    """Whether something is invalid that belongs to no entry alone."""
    return any(reason["Code"] in INVALID_REASONS for reason in reasons)


def _left(entries: list[T], reasons: list[dict[str, Any]], written: Written[T]) -> list[T]:
    """Return the entries that may be written still, and note what became of the others."""
    left: list[T] = []
    for entry, reason in zip(entries, reasons, strict=False):
        if reason["Code"] == REFUSED:
            written.refusals.append(Refusal(entry, reason.get("Item", {})))
        elif reason["Code"] in INVALID_REASONS:
            written.invalid.append(entry)
        else:
            left.append(entry)
    return left


def _give_up(entries: list[T], code: str, written: Written[T]) -> None:
    logger.error("a transaction was not written", extra={"code": code, "entries": len(entries)})
    written.failed.extend(entries)


def code_of(error: ClientError | BotoCoreError) -> str:
    """Return the code of an error of DynamoDB, or the class of one of the connection.

    An error's message is kept out of the log, since it may quote the item.
    """
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__


def write_or_reasons(
    client: DynamoDBClient, actions: list[TransactWriteItemTypeDef]
) -> list[dict[str, Any]]:
    """Write a transaction, and return no reasons; or return why it was cancelled, action by action.

    Where DynamoDB finds the whole invalid, one more reason behind those of the actions says so.

    Raises
    ------
    ClientError, BotoCoreError
        DynamoDB did not answer, or has a reason that this module does not know.
    """
    try:
        client.transact_write_items(TransactItems=actions)
    except ClientError as error:
        if code_of(error) in INVALID_REQUESTS:
            return [{"Code": "None"}] * len(actions) + [{"Code": "ValidationError"}]
        reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
        if not reasons or any(reason["Code"] not in KNOWN for reason in reasons):
            raise
        return reasons
    return []
