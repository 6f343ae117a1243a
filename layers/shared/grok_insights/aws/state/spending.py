"""A day's spending in the State table: it is reserved before calls and settled after them.

A response can be lost, and botocore then sends the same request again. So each reservation has its
own attribute in the day's item. Reserving adds the attribute and its ticks in one write, on
condition that the attribute is absent. Settling removes it in one write, on condition that it
exists. A plain ``ADD`` would count twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from grok_insights.aws.dynamodb.attributes import number, text
from grok_insights.aws.dynamodb.conditions import refused_item
from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.aws.state.names import spend
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SPENDING_TTL_SECONDS: Final = 35 * 86_400
INVALID_REQUEST: Final = "ValidationException"


@dataclass(frozen=True, slots=True)
class Reservation:
    """Ticks that were reserved from a day's budget under an id."""

    day: str
    id: str
    ticks: int


@dataclass(frozen=True, slots=True)
class DailySpending:
    """The items of all days. ``random_id`` returns a different text at each call.

    A correction that could not be written is kept, and made before the next reservation of this
    execution environment. An environment processes one batch at a time, so no lock is needed.
    """

    client: DynamoDBClient
    table: str
    random_id: Callable[[], str]
    _corrections: deque[Callable[[], None]] = field(default_factory=deque)

    def reserve(self, day: str, ticks: int, budget_ticks: int) -> Reservation | None:
        """Reserve an estimate from a day's budget; return None if the budget is spent already.

        Raises
        ------
        ClientError, BotoCoreError
            The request failed. If the reservation was made nevertheless, it is cancelled later.
        """
        self._make_corrections()
        reservation = Reservation(day, self.random_id(), ticks)
        try:
            return self._reserve(reservation, budget_ticks)
        except AWS_FAILURES:
            self._corrections.append(lambda: self._cancel(reservation))
            raise

    def settle(self, reservation: Reservation, spent_ticks: int) -> None:
        """Replace a reservation by what was spent.

        Raises
        ------
        ClientError, BotoCoreError
            The request failed. The correction is kept and made later.
        """
        self._corrections.append(lambda: self._settle(reservation, spent_ticks))
        self._make_corrections()

    def _make_corrections(self) -> None:
        while self._corrections:
            try:
                self._corrections[0]()
            except ClientError as error:
                if error.response["Error"]["Code"] != INVALID_REQUEST:
                    raise
                logger.exception("a day's spending cannot be corrected: its item is damaged")
            self._corrections.popleft()

    def _reserve(self, reservation: Reservation, budget_ticks: int) -> Reservation | None:
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"id": text(spend(reservation.day))},
                UpdateExpression="ADD ticks :ticks SET expiration = :expiration, #own = :ticks",
                ConditionExpression="attribute_not_exists(#own)"
                " AND (attribute_not_exists(ticks) OR ticks < :budget)",
                ExpressionAttributeNames={"#own": reservation.id},
                ExpressionAttributeValues={
                    ":ticks": number(reservation.ticks),
                    ":budget": number(budget_ticks),
                    ":expiration": number(_expiration(reservation.day)),
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            return reservation if reservation.id in refused_item(error) else None
        return reservation

    def _settle(self, reservation: Reservation, spent_ticks: int) -> None:
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"id": text(spend(reservation.day))},
                UpdateExpression="ADD ticks :correction REMOVE #own",
                ConditionExpression="attribute_exists(#own)",
                ExpressionAttributeNames={"#own": reservation.id},
                ExpressionAttributeValues={":correction": number(spent_ticks - reservation.ticks)},
            )
        except ClientError as error:
            refused_item(error)  # settled already: the response was lost

    def _cancel(self, reservation: Reservation) -> None:
        """Cancel a reservation whose request may have succeeded, failed, or still be in flight.

        Its attribute stays, with the value 0, so that the condition of a late request is not met.
        """
        self.client.update_item(
            TableName=self.table,
            Key={"id": text(spend(reservation.day))},
            UpdateExpression="SET ticks = if_not_exists(ticks, :zero) - if_not_exists(#own, :zero),"
            " expiration = :expiration, #own = :zero",
            ExpressionAttributeNames={"#own": reservation.id},
            ExpressionAttributeValues={
                ":zero": number(0),
                ":expiration": number(_expiration(reservation.day)),
            },
        )


def _expiration(day: str) -> int:
    midnight = datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()
    return int(midnight) + SPENDING_TTL_SECONDS
