"""What stops calls to Grok, in the State table: read in one request, changed item by item.

=================  ==========================================================================
item               holds
=================  ==========================================================================
``batch_size``     ``size``: the adaptive batch size
``circuit#grok``   Powertools' circuit breaker, and ``reason`` where a wrong setting opened it
``pause``          ``since``, ``reason``: an operator stopped the analysis
``credits``        ``since``, ``until``: the team's credits are used up; times as epoch seconds
``spend#DAY``      ``ticks``: spent and reserved on that day, where there is a budget
``pace``           ``next_us``: the first free starting time, epoch microseconds
=================  ==========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from grok_insights.aws.dynamodb.attributes import Item, number, number_of, text, text_of
from grok_insights.aws.dynamodb.batch_get import BatchGet
from grok_insights.flow.budget import day_of
from grok_insights.flow.pace import MICROSECONDS, Pace, StartTimes
from grok_insights.flow.pauses import Circuit, CircuitState, WorkerState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH_SIZE: Final = "batch_size"
CIRCUIT: Final = "circuit#grok"
PAUSE: Final = "pause"
CREDITS: Final = "credits"
PACE: Final = "pace"
SPEND_KEPT_SECONDS: Final = 35 * 86_400
REFUSED: Final = "ConditionalCheckFailedException"


@dataclass(frozen=True, slots=True)
class LoadedState:
    """What was read: by our rules, and the circuit's item as it is for Powertools."""

    worker_state: WorkerState
    circuit: Item | None


@dataclass(frozen=True, slots=True)
class PauseStore:
    """The State table, as far as it stops calls."""

    client: DynamoDBClient
    table: str
    batch_get: BatchGet

    def read(self, now: datetime) -> LoadedState:
        """Everything that may stop calls, in one consistent read."""
        names = (BATCH_SIZE, CIRCUIT, PAUSE, CREDITS, _spend(day_of(now)))
        found = self.batch_get({self.table: {"Keys": [{"id": text(name)} for name in names]}})
        items = {item["id"]["S"]: item for item in found[self.table]}
        return LoadedState(_worker_state(items, _spend(day_of(now))), items.get(CIRCUIT))

    def reserve(self, day: str, ticks: int, budget_ticks: int) -> bool:
        """Take an estimate out of the day's budget; False where the budget is spent already."""
        condition = "attribute_not_exists(ticks) OR ticks < :budget"
        try:
            self._add_spend(day, ticks, condition, {":budget": number(budget_ticks)})
        except ClientError as error:
            return _is_not_refused(error)
        return True

    def settle(self, day: str, ticks: int) -> None:
        """Correct what was reserved by what was really spent."""
        self._add_spend(day, ticks)

    def _add_spend(
        self, day: str, ticks: int, condition: str = "", values: Item | None = None
    ) -> None:
        midnight = datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()
        request: dict[str, Any] = {
            "TableName": self.table,
            "Key": {"id": text(_spend(day))},
            "UpdateExpression": "ADD ticks :ticks SET expiration = :expiration",
            "ExpressionAttributeValues": {
                ":ticks": number(ticks),
                ":expiration": number(int(midnight) + SPEND_KEPT_SECONDS),
                **(values or {}),
            },
        }
        if condition:
            request["ConditionExpression"] = condition
        self.client.update_item(**request)

    def claim_start_times(
        self, calls: int, pace: Pace, now: float, longest_wait_seconds: float
    ) -> StartTimes | None:
        """Starting times for some calls; None where the first free one is too far off."""
        apart = pace.taken_us(1) / MICROSECONDS
        now_us, taken_us = round(now * MICROSECONDS), pace.taken_us(calls)
        latest_us = now_us + round(max(0.0, longest_wait_seconds) * MICROSECONDS)
        if self._claim(
            "attribute_not_exists(next_us) OR next_us < :bound", now_us, now_us + taken_us
        ):
            return StartTimes(now, apart)
        first_us = self._claim_next(taken_us, latest_us)
        return None if first_us is None else StartTimes(max(first_us / MICROSECONDS, now), apart)

    def _claim(self, condition: str, bound_us: int, next_us: int) -> bool:
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"id": text(PACE)},
                UpdateExpression="SET next_us = :next",
                ConditionExpression=condition,
                ExpressionAttributeValues={":bound": number(bound_us), ":next": number(next_us)},
            )
        except ClientError as error:
            return _is_not_refused(error)
        return True

    def _claim_next(self, taken_us: int, latest_us: int) -> int | None:
        try:
            answer = self.client.update_item(
                TableName=self.table,
                Key={"id": text(PACE)},
                UpdateExpression="SET next_us = next_us + :taken",
                ConditionExpression="next_us <= :latest",
                ExpressionAttributeValues={
                    ":taken": number(taken_us),
                    ":latest": number(latest_us),
                },
                ReturnValues="UPDATED_OLD",
            )
        except ClientError as error:
            _is_not_refused(error)
            return None
        return number_of(answer["Attributes"], "next_us")

    def leave_no_start_before(self, instant: float) -> None:
        """Leave no starting time free before an instant."""
        at_us = round(instant * MICROSECONDS)
        self._claim("attribute_not_exists(next_us) OR next_us < :bound", at_us, at_us)

    def pause_for_credits(self, since: float, until: float) -> None:
        """Stop all calls until then; ``since`` stays as it was where they are stopped already."""
        self.client.update_item(
            TableName=self.table,
            Key={"id": text(CREDITS)},
            UpdateExpression="SET #until = :until, #since = if_not_exists(#since, :since)",
            ExpressionAttributeNames={"#until": "until", "#since": "since"},
            ExpressionAttributeValues={":until": number(int(until)), ":since": number(int(since))},
        )

    def claim_credits_trial(self, seen_until: float, until: float) -> bool:
        """Become the one that tries again; until its call has ended, the others stay stopped."""
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"id": text(CREDITS)},
                UpdateExpression="SET #until = :until",
                ConditionExpression="#until = :seen",
                ExpressionAttributeNames={"#until": "until"},
                ExpressionAttributeValues={
                    ":until": number(int(until)),
                    ":seen": number(int(seen_until)),
                },
            )
        except ClientError as error:
            return _is_not_refused(error)
        return True

    def end_credits_pause(self) -> None:
        """Let calls go on: one was answered."""
        self.client.update_item(
            TableName=self.table,
            Key={"id": text(CREDITS)},
            UpdateExpression="REMOVE #until, #since",
            ExpressionAttributeNames={"#until": "until", "#since": "since"},
        )


def _is_not_refused(error: ClientError) -> bool:
    """False where a condition did not hold; any other error is raised."""
    if error.response["Error"]["Code"] != REFUSED:
        raise error
    return False


def _spend(day: str) -> str:
    return f"spend#{day}"


def _worker_state(items: dict[str, Item], spend: str) -> WorkerState:
    pause, credits_item = items.get(PAUSE), items.get(CREDITS, {})
    return WorkerState(
        batch_size=number_of(items.get(BATCH_SIZE, {}), "size"),
        circuit=circuit_from_item(items.get(CIRCUIT)),
        operator_since=None if pause is None else text_of(pause, "since") or "",
        operator_reason="" if pause is None else text_of(pause, "reason") or "",
        credits_since=number_of(credits_item, "since") if "since" in credits_item else None,
        credits_until=number_of(credits_item, "until"),
        spent_ticks=number_of(items.get(spend, {}), "ticks"),
    )


def circuit_from_item(item: Item | None) -> Circuit:
    """The circuit of its item, closed where there is none."""
    if item is None:
        return Circuit()
    return Circuit(
        state=CircuitState(item["state"]["S"]),
        opened_at=number_of(item, "opened_at"),
        lease_ends_at=number_of(item, "probe_lease_expiry"),
        misconfigured=text_of(item, "reason") or "",
    )
