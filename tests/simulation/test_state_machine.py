"""The interpreter of state machines runs the definitions of `infra/` as Step Functions does."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from grok_insights.domain.job import StepName
from tests.simulation.state_machine import (
    INFRA,
    TIMEOUT,
    Machine,
    StateFailed,
    check,
    definition_of,
)
from tests.simulation.workflows import MACHINES

DEFINITIONS = sorted((INFRA / "state-machines").glob("*.asl.json"))
START = {"job_id": "j", "run": 1}


@dataclass
class Recorded:
    """A runner whose functions respond what the test wants, and that records what it runs."""

    respond: Callable[[dict[str, Any]], Any]
    steps: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    most: int = 0

    def invoke(self, state: str, function: str, payload: dict[str, Any], seconds: float) -> Any:
        assert function == "ReworkFunction"
        self.steps.append(payload["step"] + str(payload.get("part", "")))
        return self.respond(payload)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def each(self, work: Sequence[Callable[[], Any]], most: int) -> list[StateFailed | None]:
        self.most = most
        return [_failure(one) for one in work]


def _failure(work: Callable[[], Any]) -> StateFailed | None:
    try:
        work()
    except StateFailed as failure:
        return failure
    return None


def run(respond: Callable[[dict[str, Any]], Any]) -> Recorded:
    """Run the definition of re-analyses."""
    runner = Recorded(respond)
    Machine(definition_of("ReworkStateMachine"), runner).run(START)
    return runner


def result(next_state: str, **more: Any) -> dict[str, Any]:
    return {"next": next_state, **START, **more}


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.name)
def test_every_definition_has_only_what_the_interpreter_knows(path: Any) -> None:
    check(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("machine", MACHINES.values())
def test_a_step_of_a_definition_is_one_that_the_function_knows(machine: str) -> None:
    text = json.dumps(definition_of(machine))
    assert Counter(re.findall(r'"step": "(\w+)"', text)) == Counter([*StepName, StepName.PART])
    assert "${" not in text


def test_the_steps_of_a_job_follow_each_other_as_the_functions_say() -> None:
    plans = iter(
        [result("import", ranges=[3, 4], seconds=0), result("wait", seconds=7), result("finish")]
    )

    def respond(asked: dict[str, Any]) -> Any:
        match asked["step"]:
            case "read":
                return result("plan")
            case "plan":
                return next(plans)
            case "part":
                return {}
        return result("stop")

    recorded = run(respond)
    assert recorded.steps == ["read", "plan", "part3", "part4", "plan", "plan", "finish"]
    assert (recorded.waits, recorded.most) == ([7], 4)


def test_parts_of_a_job_that_asks_for_it_are_processed_one_by_one() -> None:
    plans = iter([result("import_one_by_one", ranges=[3, 4], seconds=0), result("finish")])

    def respond(asked: dict[str, Any]) -> Any:
        if asked["step"] in {"read", "plan"}:
            return next(plans)
        return {} if asked["step"] == "part" else result("stop")

    recorded = run(respond)
    assert recorded.steps == ["read", "part3", "part4", "plan", "finish"]
    assert recorded.most == 1


@pytest.mark.parametrize("machine", MACHINES.values())
def test_the_two_maps_differ_only_in_how_many_parts_they_process_at_a_time(machine: str) -> None:
    states = definition_of(machine)["States"]
    several, one_by_one = states["Import"], states["ImportOneByOne"]
    own = {"Label": "PartsOneByOne", "Comment": one_by_one["Comment"], "MaxConcurrency": 1}
    assert one_by_one == several | own


def test_a_step_that_fails_is_repeated_later_and_later_and_then_the_job_fails() -> None:
    def respond(asked: dict[str, Any]) -> Any:
        if asked["step"] == "read":
            raise StateFailed(TIMEOUT)
        return result("stop")

    runner = Recorded(respond)
    with pytest.raises(StateFailed, match="StepFailed"):
        Machine(definition_of("ReworkStateMachine"), runner).run(START)
    assert runner.steps == ["read"] * 7 + ["fail"]
    assert runner.waits == [2, 4, 8, 16, 32, 60]


def test_a_part_that_fails_is_repeated_once_and_does_not_fail_the_map() -> None:
    plans = iter([result("import", ranges=[0, 1], seconds=0), result("finish")])

    def respond(asked: dict[str, Any]) -> Any:
        if asked["step"] == "part" and asked["part"] == 0:
            raise StateFailed(TIMEOUT)
        return next(plans) if asked["step"] in {"read", "plan"} else result("stop")

    recorded = run(respond)
    assert recorded.steps == ["read", "part0", "part0", "part1", "plan", "finish"]


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Pass", "Next": "B"},
        {"Type": "Wait", "SecondsPath": "$.seconds", "Assign": {}, "Next": "B"},
        {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Next": "B"},
        {"Type": "Map", "Retry": [{"ErrorEquals": ["States.Timeout"]}], "Next": "B"},
    ],
)
def test_a_definition_with_something_unknown_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="state"):
        check({"StartAt": "A", "States": {"A": state}})
