"""What stops calls to Grok, in the State table: read in one request, changed item by item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from grok_insights.aws.dynamodb.attributes import number, text
from grok_insights.aws.dynamodb.batch_get import BatchGet
from grok_insights.aws.dynamodb.conditions import refused_item
from grok_insights.aws.state import parsing
from grok_insights.aws.state.names import BATCH_SIZE, CIRCUIT, PACE, PAUSE, spend
from grok_insights.flow.budget import day_of
from grok_insights.flow.pauses import Damage, PauseName, TimedPause, WorkerState
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAMES: Final = {"#until": "until", "#since": "since", "#detail": "detail", "#trial": "trial"}


@dataclass(frozen=True, slots=True)
class Trial:
    """The right to make the one trial of a timed pause whose time is over."""

    name: PauseName
    token: str


@dataclass(slots=True)
class _Logged:
    damage: tuple[Damage, ...] = ()


@dataclass(frozen=True, slots=True)
class PauseStore:
    """The items that stop calls. ``random_id`` gives a text that no other call returns."""

    client: DynamoDBClient
    table: str
    batch_get: BatchGet
    random_id: Callable[[], str]
    _logged: _Logged = field(default_factory=_Logged)

    def read(self, now: datetime) -> WorkerState:
        """Return everything that may stop calls, by one consistent request.

        What cannot be read is in ``damage``, and is logged when it changes.

        Raises
        ------
        ClientError, BotoCoreError, TimeoutError
            The table did not answer.
        """
        day = day_of(now)
        ids = (BATCH_SIZE, CIRCUIT, PAUSE, *PauseName, spend(day), PACE)
        found = self.batch_get({self.table: {"Keys": [{"id": text(name)} for name in ids]}})
        items = {item["id"]["S"]: item for item in found[self.table]}
        worker_state = parsing.worker_state(items, day, now)
        self._log(worker_state.damage)
        return worker_state

    def _log(self, damage: tuple[Damage, ...]) -> None:
        if damage == self._logged.damage:
            return
        self._logged.damage = damage
        if damage:
            logger.error("the shared state cannot be read", damage=[str(one) for one in damage])
        else:
            logger.info("the shared state can be read again")

    def pause(self, name: PauseName, since: float, until: float, detail: str = "") -> None:
        """Stop all calls until then, in epoch seconds.

        ``since`` stays as it was where they are stopped already. A trial under way can no longer
        end the pause.
        """
        self.client.update_item(
            TableName=self.table,
            Key={"id": text(name)},
            UpdateExpression="SET #until = :until, #detail = :detail,"
            " #since = if_not_exists(#since, :since) REMOVE #trial",
            ExpressionAttributeNames=NAMES,
            ExpressionAttributeValues={
                ":until": number(int(until)),
                ":since": number(int(since)),
                ":detail": text(detail),
            },
        )

    def claim_trial(self, seen: TimedPause, until: float) -> Trial | None:
        """Become the one that tries again; None where another function is.

        Until the trial has ended the pause, the others stay stopped, ``until`` at the longest.
        """
        trial = Trial(seen.name, self.random_id())
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"id": text(seen.name)},
                UpdateExpression="SET #until = :until, #trial = :trial",
                ConditionExpression="#until = :seen",
                ExpressionAttributeNames={"#until": "until", "#trial": "trial"},
                ExpressionAttributeValues={
                    ":until": number(int(until)),
                    ":seen": number(seen.until),
                    ":trial": text(trial.token),
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            is_ours = refused_item(error).get("trial") == text(trial.token)
            return trial if is_ours else None  # ours: the response to an earlier try was lost
        return trial

    def end_pause(self, trial: Trial) -> None:
        """Let calls go on after a trial that succeeded, unless calls were stopped anew since."""
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"id": text(trial.name)},
                UpdateExpression="REMOVE #until, #since, #detail, #trial",
                ConditionExpression="#trial = :trial",
                ExpressionAttributeNames=NAMES,
                ExpressionAttributeValues={":trial": text(trial.token)},
            )
        except ClientError as error:
            refused_item(error)
