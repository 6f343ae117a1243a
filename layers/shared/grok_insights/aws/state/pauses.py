"""The pauses of calls to Grok in the State table: read in one request, changed one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from grok_insights.aws.dynamodb.attributes import number, text
from grok_insights.aws.dynamodb.batch_get import BatchGet
from grok_insights.aws.dynamodb.conditions import refused_item
from grok_insights.aws.state import parsing
from grok_insights.aws.state.active_profile import ActiveProfileReader
from grok_insights.aws.state.names import BATCH_SIZE, CIRCUIT, NEW_FIRST, PACE, PAUSE, spend
from grok_insights.flow.budget import day_of
from grok_insights.flow.pauses import Damage, PauseName, TimedPause, WorkerState
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from grok_insights.aws.dynamodb.attributes import Item

PAUSE_NAMES: Final = {"#until": "until", "#since": "since", "#detail": "detail", "#trial": "trial"}


@dataclass(frozen=True, slots=True)
class Trial:
    """The right to make the only trial of a timed pause whose time is over."""

    name: PauseName
    token: str


@dataclass(slots=True)
class _LoggedDamage:
    damage: tuple[Damage, ...] = ()


@dataclass(frozen=True, slots=True)
class PauseStore:
    """The items that pause calls. ``random_id`` returns a different text at each call."""

    client: DynamoDBClient
    table: str
    batch_get: BatchGet
    random_id: Callable[[], str]
    _logged: _LoggedDamage = field(default_factory=_LoggedDamage)
    _profile: ActiveProfileReader = field(default_factory=ActiveProfileReader)

    def read(self, now: datetime) -> WorkerState:
        """Return the state that execution environments share, read in one consistent request.

        After another version of the profile was activated, further requests read it. Attributes
        that cannot be read are in ``damage``, which is logged when it changes.

        Raises
        ------
        ClientError, BotoCoreError, TimeoutError
            The request failed.
        """
        day = day_of(now)
        own = (BATCH_SIZE, CIRCUIT, PAUSE, *PauseName, spend(day), PACE, NEW_FIRST)
        items = self._items([*own, *self._profile.ids()])
        worker_state = parsing.worker_state(items, day, now)
        active, damage = self._profile.read(items, self._items)
        worker_state = replace(worker_state, active=active, damage=worker_state.damage + damage)
        self._log(worker_state.damage)
        return worker_state

    def _items(self, ids: Sequence[str]) -> dict[str, Item]:
        response = self.batch_get({self.table: {"Keys": [{"id": text(name)} for name in ids]}})
        return {item["id"]["S"]: item for item in response[self.table]}

    def _log(self, damage: tuple[Damage, ...]) -> None:
        if damage == self._logged.damage:
            return
        self._logged.damage = damage
        if damage:
            logger.error("the shared state cannot be read", damage=[str(item) for item in damage])
        else:
            logger.info("the shared state can be read again")

    def pause(self, name: PauseName, since: float, until: float, detail: str = "") -> None:
        """Pause all calls until ``until``, in epoch seconds.

        If calls are paused already, ``since`` is not changed. A trial that is in progress can no
        longer end the pause. A pause that ends later stays as it is: this request may be late,
        because the response to an earlier try was lost.
        """
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"id": text(name)},
                UpdateExpression="SET #until = :until, #detail = :detail,"
                " #since = if_not_exists(#since, :since) REMOVE #trial",
                ConditionExpression="attribute_not_exists(#until) OR #until <= :until",
                ExpressionAttributeNames=PAUSE_NAMES,
                ExpressionAttributeValues={
                    ":until": number(int(until)),
                    ":since": number(int(since)),
                    ":detail": text(detail),
                },
            )
        except ClientError as error:
            refused_item(error)

    def claim_trial(self, pause: TimedPause, until: float) -> Trial | None:
        """Return the right to make the trial; None if another function has it.

        The calls of other functions stay paused until the trial ends the pause, and at the longest
        until ``until``, in epoch seconds.
        """
        trial = Trial(pause.name, self.random_id())
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"id": text(pause.name)},
                UpdateExpression="SET #until = :until, #trial = :trial",
                ConditionExpression="#until = :seen",
                ExpressionAttributeNames={"#until": "until", "#trial": "trial"},
                ExpressionAttributeValues={
                    ":until": number(int(until)),
                    ":seen": number(pause.until),
                    ":trial": text(trial.token),
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            is_ours = refused_item(error).get("trial") == text(trial.token)
            return trial if is_ours else None  # ours: the response to an earlier try was lost
        return trial

    def end_pause(self, trial: Trial) -> None:
        """End a pause after a successful trial, unless calls were paused again since its claim."""
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"id": text(trial.name)},
                UpdateExpression="REMOVE #until, #since, #detail, #trial",
                ConditionExpression="#trial = :trial",
                ExpressionAttributeNames=PAUSE_NAMES,
                ExpressionAttributeValues={":trial": text(trial.token)},
            )
        except ClientError as error:
            refused_item(error)
