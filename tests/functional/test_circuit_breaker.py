"""The circuit breaker across threads and processes, on a State table of the emulator."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier as ProcessBarrier
from threading import Barrier, Semaphore
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.session import get_session

from grok_insights.aws.state.circuit_breaker import CircuitBreaker, CircuitLimits
from grok_insights.aws.state.names import CIRCUIT
from grok_insights.aws.state.parsing import parse_circuit
from grok_insights.errors import (
    CircuitOpen,
    ConfigurationError,
    PermanentError,
    TransientError,
)
from grok_insights.flow.pauses import Circuit, CircuitState
from tests.builders import NOW
from tests.emulator import bare_emulator, state_table
from tests.functional.conftest import at_the_start_of_a_second

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = {"id": {"S": CIRCUIT}}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with bare_emulator() as address:
        yield address


@pytest.fixture
def table(endpoint: str) -> Iterator[str]:
    with state_table(endpoint):
        yield endpoint


def _dynamodb(endpoint: str) -> DynamoDBClient:
    return cast("DynamoDBClient", get_session().create_client("dynamodb", endpoint_url=endpoint))


def _now() -> datetime:
    return datetime.now(UTC)


class Environment:
    """The circuit breaker of one execution environment."""

    def __init__(self, endpoint: str, longest_call_seconds: float = 1.0) -> None:
        self.client = _dynamodb(endpoint)
        self.circuit = CircuitBreaker(
            self.client,
            "state",
            CircuitLimits(5, 1, longest_call_seconds),
            now=_now,
        )
        self.circuit.call(lambda: None)

    def load(self) -> str:
        item = self.client.get_item(TableName="state", Key=KEY, ConsistentRead=True).get("Item")
        circuit = Circuit() if item is None else parse_circuit(item, _now())
        self.circuit.learn(circuit)
        return circuit.state

    def outcome(self, error: Exception | None = None, seconds: float = 0.0) -> str:
        """Return the outcome of one call: made, failed, or not made."""

        def call() -> None:
            time.sleep(seconds)
            if error:
                raise error

        try:
            self.circuit.call(call)
        except CircuitOpen:
            return "not made"
        except (TransientError, ConfigurationError, PermanentError):
            return "failed"
        return "made"


DOWN = TransientError("server_error", "down")


@pytest.fixture
def environment(table: str) -> Iterator[Environment]:
    made = Environment(table)
    at_the_start_of_a_second()
    yield made
    made.client.close()


def opened(environment: Environment) -> None:
    assert [environment.outcome(DOWN) for _ in range(6)] == ["failed"] * 5 + ["not made"]


def test_four_errors_and_a_success_leave_the_circuit_closed(environment: Environment) -> None:
    for _ in range(3):
        assert [environment.outcome(DOWN) for _ in range(4)] == ["failed"] * 4
        assert environment.outcome() == "made"
    assert environment.load() == "CLOSED"


def test_an_error_about_one_conversation_shows_that_grok_works(environment: Environment) -> None:
    refused = PermanentError("refused", "no")
    outcomes = [environment.outcome(DOWN) for _ in range(4)]
    outcomes += [environment.outcome(refused)] + [environment.outcome(DOWN) for _ in range(4)]
    assert outcomes == ["failed"] * 9
    assert environment.load() == "CLOSED"


def test_what_one_environment_opened_is_open_for_the_next_one_that_loads_it(
    environment: Environment, table: str
) -> None:
    other = Environment(table)
    opened(environment)
    assert other.load() == "OPEN"
    assert other.outcome() == "not made"
    other.client.close()


def test_stragglers_of_the_same_outage_do_not_prolong_it(
    environment: Environment, table: str
) -> None:
    other = Environment(table)
    opened(environment)
    before = environment.client.get_item(TableName="state", Key=KEY)["Item"]
    time.sleep(1.1)
    opened(other)  # it has not loaded the state, and finds out by itself
    assert environment.client.get_item(TableName="state", Key=KEY)["Item"] == before
    other.client.close()


def test_of_fifty_threads_one_probes(environment: Environment) -> None:
    opened(environment)
    time.sleep(1.1)
    barrier, refused = Barrier(50), Semaphore(0)

    def probe() -> None:
        for _ in range(49):
            refused.acquire(timeout=60)

    def call(_: int) -> str:
        barrier.wait()
        try:
            environment.circuit.call(probe)
        except CircuitOpen:
            refused.release()
            return "not made"
        return "made"

    with ThreadPoolExecutor(50) as threads:
        outcomes = list(threads.map(call, range(50)))
    assert outcomes.count("made") == 1
    assert environment.load() == "CLOSED"


def _probe_in_a_process(
    endpoint: str, all_looked: ProcessBarrier, outcomes: multiprocessing.Queue[str]
) -> None:
    environment = Environment(endpoint)
    environment.load()
    all_looked.wait(120)
    outcomes.put(environment.outcome(seconds=0.5))


def _probe_and_never_return(endpoint: str) -> None:
    environment = Environment(endpoint)
    environment.load()
    environment.outcome(seconds=60)


def test_of_several_processes_one_probes(environment: Environment, table: str) -> None:
    opened(environment)
    spawn = multiprocessing.get_context("spawn")
    outcomes: multiprocessing.Queue[str] = spawn.Queue()
    all_looked = spawn.Barrier(3)
    processes = [
        spawn.Process(target=_probe_in_a_process, args=(table, all_looked, outcomes))
        for _ in range(3)
    ]
    time.sleep(1.1)
    for process in processes:
        process.start()
    found = sorted(outcomes.get(timeout=120) for _ in processes)
    for process in processes:
        process.join()
    assert found == ["made", "not made", "not made"]


def test_a_probe_whose_function_dies_is_taken_over_after_the_longest_call(
    environment: Environment, table: str
) -> None:
    opened(environment)
    time.sleep(1.1)
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=_probe_and_never_return, args=(table,))
    process.start()
    deadline = time.monotonic() + 120
    while environment.load() != "HALF_OPEN":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.join()
    assert environment.outcome() == "not made"
    time.sleep(3.1)
    environment.load()
    assert environment.outcome() == "made"
    assert environment.load() == "CLOSED"


def test_a_probe_may_take_as_long_as_the_longest_call_without_being_doubled(table: str) -> None:
    first, second = Environment(table, 3.0), Environment(table, 3.0)
    at_the_start_of_a_second()
    opened(first)
    time.sleep(1.1)
    with ThreadPoolExecutor(1) as threads:
        probe = threads.submit(first.outcome, None, 2.5)
        time.sleep(2.0)  # longer than the recovery time, which Powertools would wait for
        assert second.load() == "HALF_OPEN"
        assert second.outcome() == "not made"
        assert probe.result() == "made"
    for environment in (first, second):
        environment.client.close()


def test_an_overdue_probe_is_claimed_anew_even_by_the_function_that_began_it(
    environment: Environment,
) -> None:
    opened(environment)
    change(environment, "opened_at", 1)
    environment.load()
    with pytest.raises(SystemExit):
        environment.circuit.call(sys.exit)
    change(environment, "probe_lease_expiry", 1)
    environment.load()
    lease = environment.circuit.call(lambda: stored(environment)["probe_lease_expiry"]["N"])
    assert int(lease) > time.time()


def change(environment: Environment, attribute: str, value: int) -> None:
    environment.client.update_item(
        TableName="state",
        Key=KEY,
        UpdateExpression="SET #attribute = :value",
        ExpressionAttributeNames={"#attribute": attribute},
        ExpressionAttributeValues={":value": {"N": str(value)}},
    )


def stored(environment: Environment) -> dict[str, Any]:
    return dict(environment.client.get_item(TableName="state", Key=KEY)["Item"])


def test_a_wrong_setting_opens_the_circuit_on_its_first_error_and_says_why(
    environment: Environment,
) -> None:
    wrong = ConfigurationError("wrong_key", "Grok does not know the API key")
    assert [environment.outcome(wrong), environment.outcome()] == ["failed", "not made"]
    item = environment.client.get_item(TableName="state", Key=KEY)["Item"]
    assert item["reason"] == {"S": "wrong_key: Grok does not know the API key"}
    time.sleep(1.1)
    environment.load()
    assert environment.outcome(wrong) == "failed"
    item = environment.client.get_item(TableName="state", Key=KEY)["Item"]
    assert item["reason"] == {"S": "wrong_key: Grok does not know the API key"}
    time.sleep(1.1)
    environment.load()
    assert environment.outcome() == "made"
    assert "reason" not in environment.client.get_item(TableName="state", Key=KEY)["Item"]


def test_an_unreadable_circuit_lets_no_call_through(environment: Environment) -> None:
    environment.circuit.learn(Circuit(CircuitState.UNKNOWN))
    assert environment.outcome() == "not made"
    environment.load()
    assert environment.outcome() == "made"


def test_a_wrong_setting_opens_the_circuit_at_the_time_of_the_clock(table: str) -> None:
    client = _dynamodb(table)
    circuit = CircuitBreaker(client, "state", CircuitLimits(5, 1, 1.0), now=lambda: NOW)
    with pytest.raises(ConfigurationError):
        circuit.call(_refuse_the_key)
    item = client.get_item(TableName="state", Key=KEY)["Item"]
    assert item["opened_at"] == {"N": str(int(NOW.timestamp()))}
    client.close()


def _refuse_the_key() -> None:
    raise ConfigurationError("wrong_key", "Grok does not know the API key")
