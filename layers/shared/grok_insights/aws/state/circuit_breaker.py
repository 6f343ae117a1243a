"""The circuit breaker for calls to Grok: Powertools' state machine with one read for many calls.

Powertools reads the circuit's state before each call. Here the calls of a wave share a state that
was read in the same request as the rest of the shared state. A change that this execution
environment makes applies to its own calls at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from aws_lambda_powertools.utilities.circuit_breaker import (
    CircuitBreakerConfig,
    CircuitBreakerOpenError,
    CircuitTransition,
    circuit_breaker,
)
from aws_lambda_powertools.utilities.circuit_breaker.persistence import (
    CircuitBreakerDynamoDBPersistence,
)
from aws_lambda_powertools.utilities.circuit_breaker.persistence.record import CircuitStateRecord
from aws_lambda_powertools.utilities.circuit_breaker.states import CircuitState
from botocore.exceptions import ClientError

from grok_insights.aws.dynamodb.conditions import refused_item
from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.aws.state.names import CIRCUIT
from grok_insights.errors import (
    AnalysisError,
    CircuitOpen,
    ConfigurationError,
    TransientError,
)
from grok_insights.flow import pauses
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")

CLOSED: Final = CircuitStateRecord(name=CIRCUIT, state=CircuitState.CLOSED)


class _Store(CircuitBreakerDynamoDBPersistence):
    """The circuit's item, as this execution environment read or wrote it last.

    ``lease_seconds`` is how long other functions wait for a probe before one of them probes.
    Powertools waits for the recovery time, but a call may take longer than that.
    """

    def __init__(self, client: DynamoDBClient, table: str, lease_seconds: int) -> None:
        super().__init__(table_name=table, boto3_client=client)
        self.lease_seconds = lease_seconds
        self.known = CLOSED

    def configure(self, config: CircuitBreakerConfig, circuit_name: str) -> None:
        """Apply the settings, with a lease that is longer than the longest call."""
        with_lease = copy(config)
        with_lease.recovery_timeout = max(config.recovery_timeout, self.lease_seconds)
        super().configure(with_lease, circuit_name)

    def _get_record(self, name: str) -> CircuitStateRecord | None:
        del name  # there is one circuit
        return self.known

    def _put_record(
        self,
        record: CircuitStateRecord,
        condition: str | None = None,
        expected_opened_at: int | None = None,
    ) -> None:
        if condition is None:
            self._put_opening(record)
        else:
            super()._put_record(record, condition, expected_opened_at)
        self.known = record

    def _put_opening(self, record: CircuitStateRecord) -> None:
        """Open a closed circuit. A circuit that is not closed stays unchanged.

        Late errors of the same outage must not prolong the pause or disturb the probe.
        """
        try:
            self.client.put_item(
                TableName=self.table_name,
                Item=self._record_to_item(record),
                ConditionExpression="attribute_not_exists(#state) OR #state = :closed",
                ExpressionAttributeNames={"#state": self.state_attr},
                ExpressionAttributeValues={":closed": {"S": str(CircuitState.CLOSED)}},
            )
        except ClientError as error:
            refused_item(error)

    def _update_record(self, record: CircuitStateRecord) -> None:
        super()._update_record(record)
        self.known = record

    def open_at_once(self, reason: str, opened_at: int, expiration: int) -> None:
        """Open the circuit from any state, and store the reason in its item."""
        self.known = CircuitStateRecord(
            name=CIRCUIT, state=CircuitState.OPEN, opened_at=opened_at, expiry_timestamp=expiration
        )
        self.client.update_item(
            TableName=self.table_name,
            Key={"id": {"S": CIRCUIT}},
            UpdateExpression="SET #state = :open, opened_at = :at, #reason = :reason,"
            " expiration = :expiration REMOVE half_open_owner, probe_lease_expiry",
            ExpressionAttributeNames={"#state": "state", "#reason": "reason"},
            ExpressionAttributeValues={
                ":open": {"S": str(CircuitState.OPEN)},
                ":at": {"N": str(opened_at)},
                ":reason": {"S": reason},
                ":expiration": {"N": str(expiration)},
            },
        )


@dataclass(frozen=True, slots=True)
class CircuitLimits:
    """When the circuit opens, and when it is probed.

    Parameters
    ----------
    failure_threshold : int
        Consecutive failures, in one execution environment, that open the circuit.
    recovery_seconds : int
        How long it stays open before a probe.
    longest_call_seconds : float
        The longest time of a call. After it, a probe without an outcome is considered lost.
    lock : Callable[[], AbstractContextManager]
        Makes the lock of the thread that opens the circuit for all functions.
    """

    failure_threshold: int
    recovery_seconds: int
    longest_call_seconds: float


class CircuitBreaker:
    """Guards calls from many threads.

    ``now`` returns the time at which a wrong setting opens the circuit. Powertools opens it for
    other errors and probes it, and reads the system clock.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        limits: CircuitLimits,
        now: Callable[[], datetime],
        lock: Callable[[], AbstractContextManager[Any]] = Lock,
    ) -> None:
        self._now = now
        self._store = _Store(client, table, math.ceil(limits.longest_call_seconds) + 1)
        self._changes: list[str] = []
        self._opening = lock()
        self._explained_at: int | None = None
        decorate = circuit_breaker(
            CIRCUIT,
            self._store,
            on_transition=self._record_transition,
            config=CircuitBreakerConfig(
                failure_threshold=limits.failure_threshold,
                recovery_timeout=limits.recovery_seconds,
                success_threshold=1,
                handled_exceptions=(TransientError, ConfigurationError),
                local_cache_max_age=0,
            ),
        )
        self._guarded: Callable[[Callable[[], Any]], Any] = decorate(_returned_or_harmless)

    def learn(self, circuit: pauses.Circuit) -> None:
        """Use the circuit as it was just read. An unreadable circuit counts as open."""
        if circuit.state is pauses.CircuitState.UNKNOWN:
            circuit = pauses.Circuit(pauses.CircuitState.OPEN, self._epoch_seconds())
        self._store.known = _powertools_record(circuit)

    def view(self) -> pauses.Circuit:
        """Return the circuit as this execution environment knows it."""
        known = self._store.known
        return pauses.Circuit(
            state=pauses.CircuitState(str(known.state)),
            opened_at=known.opened_at or 0,
            lease_ends_at=known.probe_lease_expiry or 0,
        )

    def _epoch_seconds(self) -> int:
        return int(self._now().timestamp())

    def call(self, function: Callable[[], T]) -> T:
        """Call a function that may raise `AnalysisError`, if the circuit allows it.

        Raises
        ------
        CircuitOpen
            The function was not called.
        AnalysisError
            The function raised it. Only transient and configuration errors can open the circuit.
        """
        try:
            outcome = self._guarded(function)
        except CircuitBreakerOpenError:
            raise CircuitOpen("the circuit to Grok is open") from None
        except ConfigurationError as error:
            self._open_at_once(error)
            raise
        if isinstance(outcome, AnalysisError):
            raise outcome
        return cast("T", outcome)

    def changes(self) -> list[str]:
        """Return the states that the circuit entered since the last call of this method."""
        changes, self._changes = self._changes, []
        return changes

    def _open_at_once(self, error: ConfigurationError) -> None:
        """Open the circuit at the first such error, since every other call would fail too."""
        with self._opening:
            known = self._store.known
            if known.state is CircuitState.OPEN and known.opened_at == self._explained_at:
                return
            now = self._epoch_seconds()
            try:
                self._store.open_at_once(f"{error.code}: {error.message}", now, now + 86_400)
            except AWS_FAILURES:
                logger.exception("the circuit could not be opened for other execution environments")
            self._explained_at = now
            if known.state is CircuitState.CLOSED:
                self._changes.append(str(CircuitState.OPEN))

    def _record_transition(self, transition: CircuitTransition) -> None:
        self._changes.append(str(transition.to_state))


def _powertools_record(circuit: pauses.Circuit) -> CircuitStateRecord:
    """Return the circuit as Powertools' record, without the owner of a probe.

    A probe that is still in progress pauses calls. One that is overdue must be claimed anew: its
    owner would otherwise probe without a new lease, while another function takes over.
    """
    if circuit.state is pauses.CircuitState.CLOSED:
        return CLOSED
    is_half_open = circuit.state is pauses.CircuitState.HALF_OPEN
    return CircuitStateRecord(
        name=CIRCUIT,
        state=CircuitState(circuit.state.value),
        opened_at=circuit.opened_at,
        probe_lease_expiry=circuit.lease_ends_at if is_half_open else None,
    )


def _returned_or_harmless(function: Callable[[], Any]) -> Any:
    """Return the function's result, or an error that shows that Grok is available.

    Such an error is returned, not raised, so that Powertools counts a probe as successful. It would
    ignore an exception that is not handled, and the probe would have no outcome.
    """
    try:
        return function()
    except (TransientError, ConfigurationError):
        raise
    except AnalysisError as error:
        return error
