"""Conditional writes in one transaction, less those whose condition does not hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from botocore.exceptions import ClientError

from grok_insights.aws import jitter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from grok_insights.aws.dynamodb.attributes import Item

T = TypeVar("T")

MAX_ACTIONS: Final = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html"""

MAX_CONFLICTS: Final = 10
REFUSED: Final = "ConditionalCheckFailed"
PASSING: Final = {"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
"""Reasons that go away: another transaction on the same item, a partition at its limit."""


@dataclass(frozen=True, slots=True)
class Refusal(Generic[T]):
    """An entry that was not written, and the item that stands in its place, where it was asked."""

    entry: T
    item: Item


@dataclass(frozen=True, slots=True)
class Transactions:
    """Writes transactions."""

    client: DynamoDBClient
    sleep: Callable[[float], None] = time.sleep

    def write(
        self,
        entries: Sequence[T],
        actions: Callable[[Sequence[T]], list[TransactWriteItemTypeDef]],
    ) -> list[Refusal[T]]:
        """Write all entries whose condition holds, in one transaction, and return the others.

        ``actions`` makes the transaction of the entries that are left: one action an entry, in
        order, and then any number of actions without a condition.

        Raises
        ------
        ClientError
            Nothing more was written, for a reason that is not one entry's condition.
        """
        refusals: list[Refusal[T]] = []
        conflicts = 0
        while entries:
            try:
                self.client.transact_write_items(TransactItems=actions(entries))
                break
            except ClientError as error:
                reasons = reasons_of(error)
            refused = [reason["Code"] == REFUSED for reason in reasons[: len(entries)]]
            if not any(refused):
                conflicts += 1
                self._wait(conflicts)
            pairs = list(zip(entries, refused, reasons, strict=False))
            refusals += [Refusal(one, why.get("Item", {})) for one, out, why in pairs if out]
            entries = [one for one, out, _ in pairs if not out]
        return refusals

    def _wait(self, conflicts: int) -> None:
        if conflicts == MAX_CONFLICTS:
            raise TimeoutError("a transaction met with conflicts again and again")
        self.sleep(jitter.seconds_before_retry(conflicts))


def reasons_of(error: ClientError) -> list[dict[str, Any]]:
    """Why a transaction was cancelled, action by action.

    Raises
    ------
    ClientError
        The error itself, where it has a reason that is neither a condition nor passes by itself.
    """
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    if not reasons or any(reason["Code"] not in {REFUSED, *PASSING} for reason in reasons):
        raise error
    return reasons
