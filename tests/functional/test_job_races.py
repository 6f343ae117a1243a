"""Steps and requests of a job on stored insights that run twice, end half-way, or are late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto import mock_aws

from grok_insights.aws.queue import Message
from grok_insights.domain.job import StepName
from tests.functional.conftest import Clock, make_parts
from tests.functional.lost_responses import lost_requests
from tests.functional.query import identity
from tests.functional.reworks import Reworks, Saying
from tests.functional.test_reanalysis import NEGATIVE, started


@pytest.fixture
def reworks(clock: Clock) -> Iterator[Reworks]:
    with mock_aws():
        yield Reworks(make_parts(clock), Saying(NEGATIVE))


@contextmanager
def before_first(reworks: Reworks, operation: str, work: Callable[[], Any]) -> Iterator[None]:
    """Do something else right before the first request of an operation."""
    events = reworks.parts.dynamodb.meta.events
    done: list[Any] = []

    def handler(**_: Any) -> None:
        if not done:
            done.append(work)
            work()

    events.register(f"before-call.dynamodb.{operation}", handler)
    try:
        yield
    finally:
        events.unregister(f"before-call.dynamodb.{operation}", handler)


def is_dropped(reworks: Reworks, job_id: str) -> bool:
    """Whether a message of a job is dropped without a call."""
    calls = len(reworks.analyzer.prompts)
    at = reworks.parts.now()
    insight = reworks.parts.insights.head(identity(0))
    message = Message(identity(0), 1, at, job=job_id, revision=int(insight["revision"]["N"]))
    reworks.deliver([message])
    return len(reworks.analyzer.prompts) == calls


def test_a_cancellation_that_ended_half_way_is_completed_by_the_next_one(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock)
    reworks.run(job_id, analyse=False)
    with lost_requests(reworks.parts.dynamodb, "PutItem", times=10):
        assert reworks.request("POST", f"/api/v1/jobs/{job_id}/cancel").status == 503
    assert reworks.job(job_id)["status"] == "cancelled"
    assert reworks.request("POST", f"/api/v1/jobs/{job_id}/cancel").status == 202
    assert is_dropped(reworks, job_id)


def test_a_first_step_that_runs_twice_at_once_lets_the_job_go_on(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock)

    def read_later() -> None:
        clock.move(seconds=1)
        reworks.step(StepName.READ, job_id)

    with before_first(reworks, "UpdateItem", read_later):
        assert reworks.step(StepName.READ, job_id)["next"] == "read"
    assert reworks.ended(job_id)["outcomes"]["done"] == 5


def test_a_job_ends_although_it_was_changed_since_its_last_step_has_read_it(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock)
    reworks.step(StepName.READ, job_id)
    with before_first(reworks, "UpdateItem", lambda: reworks.step(StepName.PLAN, job_id)):
        assert reworks.step(StepName.FINISH, job_id)["next"] == "stop"
    assert reworks.job(job_id)["status"] == "completed"


def test_a_late_end_of_an_earlier_run_does_not_stop_the_present_one(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock)
    reworks.step(StepName.READ, job_id)
    reworks.parts.job_outcomes.open(job_id, run=2)
    reworks.parts.job_outcomes.close(job_id, run=1)
    assert not is_dropped(reworks, job_id)


def test_a_late_step_does_not_let_a_cancelled_job_run(reworks: Reworks, clock: Clock) -> None:
    job_id = started(reworks, clock)
    cancel = f"/api/v1/jobs/{job_id}/cancel"
    with before_first(reworks, "PutItem", lambda: reworks.request("POST", cancel)):
        assert reworks.step(StepName.READ, job_id)["next"] == "read"
    assert reworks.step(StepName.READ, job_id)["next"] == "stop"
    assert is_dropped(reworks, job_id)


def test_messages_of_a_job_whose_execution_has_failed_are_dropped(
    reworks: Reworks, clock: Clock
) -> None:
    job_id = started(reworks, clock)
    reworks.run(job_id, analyse=False)
    steps = reworks.parts.stepfunctions()
    machine = reworks.parts.settings.rework_state_machine
    [execution] = steps.list_executions(stateMachineArn=machine)["executions"]
    steps.stop_execution(executionArn=execution["executionArn"])
    clock.move(seconds=61)
    assert reworks.job(job_id)["error"]["code"] == "execution_failed"
    assert is_dropped(reworks, job_id)
