"""The shared timetable of the start times of calls, in the State table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from grok_insights.aws.dynamodb.attributes import number, text
from grok_insights.aws.dynamodb.conditions import refused_item
from grok_insights.aws.state.names import PACE
from grok_insights.flow.pace import MICROSECONDS, Pace, StartTimes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FREE: Final = (
    "attribute_not_exists(next_us) OR NOT attribute_type(next_us, :number)"
    " OR next_us < :bound OR next_us > :furthest"
)
"""The condition that no time after the bound is taken, or that the item is damaged."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """One item with the first free start time."""

    client: DynamoDBClient
    table: str

    def claim(
        self, calls: int, pace: Pace, now: float, longest_wait_seconds: float
    ) -> StartTimes | None:
        """Return start times for a number of calls; None if the first one is too late.

        ``now`` is in epoch seconds. An item that is damaged or too far in the future counts as
        free.
        """
        interval = pace.taken_us(1) / MICROSECONDS
        now_us, taken_us = round(now * MICROSECONDS), pace.taken_us(calls)
        if self._set(now_us + taken_us, bound_us=now_us, furthest=pace.furthest_start(now)):
            return StartTimes(now, interval)
        latest_us = now_us + round(max(0.0, longest_wait_seconds) * MICROSECONDS)
        first_us = self._claim_next(taken_us, latest_us)
        return None if first_us is None else StartTimes(max(first_us / MICROSECONDS, now), interval)

    def leave_free_until(self, instant: float, pace: Pace, now: float) -> None:
        """Take all start times before an instant. Both times are in epoch seconds."""
        at_us = round(instant * MICROSECONDS)
        self._set(at_us, bound_us=at_us, furthest=pace.furthest_start(now))

    def _set(self, next_us: int, *, bound_us: int, furthest: float) -> bool:
        request: dict[str, Any] = {
            "UpdateExpression": "SET next_us = :next",
            "ConditionExpression": FREE,
            "ExpressionAttributeValues": {
                ":next": number(next_us),
                ":bound": number(bound_us),
                ":furthest": number(round(furthest * MICROSECONDS)),
                ":number": text("N"),
            },
        }
        return self._update(request) is not None

    def _claim_next(self, taken_us: int, latest_us: int) -> float | None:
        request: dict[str, Any] = {
            "UpdateExpression": "SET next_us = next_us + :taken",
            "ConditionExpression": "next_us <= :latest",
            "ExpressionAttributeValues": {
                ":taken": number(taken_us),
                ":latest": number(latest_us),
            },
            "ReturnValues": "UPDATED_OLD",
        }
        response = self._update(request)
        return None if response is None else float(response["Attributes"]["next_us"]["N"])

    def _update(self, request: dict[str, Any]) -> Any:
        """Return the response; None if the condition was not met."""
        try:
            return self.client.update_item(TableName=self.table, Key={"id": text(PACE)}, **request)
        except ClientError as error:
            refused_item(error)
            return None
