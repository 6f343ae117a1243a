"""A small interpreter of the Amazon States Language, for the state machines of `infra/`.

It knows the states and fields that they use, and refuses a definition with others. So the order of
the steps, the retries and the timeouts of a simulated job are those of the definition itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

import yaml

INFRA: Final = Path(__file__).parents[2] / "infra"
TEMPLATE: Final = INFRA / "jobs.yaml"
INVOKE: Final = "arn:aws:states:::lambda:invoke"
ALL: Final = ["States.ALL"]
TIMEOUT: Final = "States.Timeout"
TOLERATED: Final = "States.ExceedToleratedFailureThreshold"

_COMMON = {"Type", "Comment"}
FIELDS: Final = {
    "Task": _COMMON
    | {"Resource", "Parameters", "OutputPath", "ResultPath", "TimeoutSeconds", "Retry", "Catch"}
    | {"Next", "End"},
    "Choice": _COMMON | {"Choices", "Default"},
    "Wait": _COMMON | {"SecondsPath", "Next"},
    "Map": _COMMON
    | {"Label", "ItemsPath", "ItemSelector", "MaxConcurrency", "ToleratedFailurePercentage"}
    | {"ItemProcessor", "ResultPath", "Retry", "Catch", "Next"},
    "Succeed": _COMMON,
    "Fail": _COMMON | {"Error", "Cause"},
}
"""The fields of each type of state that the interpreter knows."""

Json = dict[str, Any]


class StateFailed(Exception):
    """A state, or the execution, has failed with an error of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Runner(Protocol):
    """What runs the steps of an execution, and has its time."""

    def invoke(self, state: str, function: str, payload: Json, timeout_seconds: float) -> Any:
        """Return the response of a function; raise `StateFailed` if there is none in time."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def each(self, work: Sequence[Callable[[], Any]], most: int) -> list[StateFailed | None]:
        """Run children, at most so many at once, and return why each one has failed."""


class _Loader(yaml.SafeLoader):
    """Reads a template; ``!Ref`` and the like become the name that they refer to."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, node: node.value)


@cache
def definition_of(machine: str) -> Json:
    """Return the definition that `infra/jobs.yaml` gives to a state machine, with its functions."""
    template = yaml.load(TEMPLATE.read_text(encoding="utf-8"), _Loader)
    properties = template["Resources"][machine]["Properties"]
    text = (INFRA / properties["DefinitionS3Location"]).read_text(encoding="utf-8")
    for name, value in properties["DefinitionSubstitutions"].items():
        text = text.replace(f"${{{name}}}", value)
    found: Json = json.loads(text)
    check(found)
    return found


def check(definition: Mapping[str, Any]) -> None:
    """Raise ValueError if a definition has something that the interpreter does not know."""
    unknown = definition.keys() - {"Comment", "StartAt", "States", "ProcessorConfig"}
    if unknown:
        raise ValueError(f"a state machine has the unknown fields {sorted(unknown)}")
    for name, state in definition["States"].items():
        unknown = state.keys() - FIELDS.get(state["Type"], set())
        if unknown:
            raise ValueError(f"state {name} has the unknown fields {sorted(unknown)}")
        if state.get("Resource", INVOKE) != INVOKE:
            raise ValueError(f"state {name} uses the unknown resource {state['Resource']}")
        for rule in (*state.get("Retry", ()), *state.get("Catch", ())):
            if rule["ErrorEquals"] != ALL:
                raise ValueError(f"state {name} distinguishes errors")
        if "ItemProcessor" in state:
            check(state["ItemProcessor"])


@dataclass(frozen=True)
class Machine:
    """Runs executions of a definition, or of the item processor of a map."""

    definition: Mapping[str, Any]
    runner: Runner

    def run(self, data: Any) -> Any:
        """Run an execution, and return its output.

        Raises
        ------
        StateFailed
            The execution has failed.
        """
        name: str | None = self.definition["StartAt"]
        while name is not None:
            name, data = self._step(name, self.definition["States"][name], data)
        return data

    def _step(self, name: str, state: Json, data: Any) -> tuple[str | None, Any]:
        """Run a state, and return the next one, None at the end, and the data."""
        match state["Type"]:
            case "Choice":
                return _chosen(state, data), data
            case "Wait":
                self.runner.sleep(float(_at(state["SecondsPath"], data)))
            case "Fail":
                raise StateFailed(state["Error"])
            case "Succeed":
                return None, data
            case "Task":
                return self._tried(state, data, lambda: self._task(name, state, data))
            case "Map":
                return self._tried(state, data, lambda: self._map(state, data))
        return state["Next"], data

    def _tried(self, state: Json, data: Any, work: Callable[[], Any]) -> tuple[str | None, Any]:
        """Run a state with its retries, and return what follows."""
        [retry] = state["Retry"]
        wait: float = retry["IntervalSeconds"]
        for attempt in range(retry["MaxAttempts"] + 1):
            try:
                return state.get("Next"), _output(state, data, work())
            except StateFailed as failure:
                if attempt == retry["MaxAttempts"]:
                    return _caught(state, failure), data
            self.runner.sleep(min(wait, retry.get("MaxDelaySeconds", wait)))
            wait *= retry["BackoffRate"]
        raise AssertionError("unreachable")

    def _task(self, name: str, state: Json, data: Any) -> Json:
        asked = _filled(state["Parameters"], data)
        seconds = float(state.get("TimeoutSeconds", 99_999_999))
        payload = self.runner.invoke(name, asked["FunctionName"], asked["Payload"], seconds)
        return {"StatusCode": 200, "Payload": payload}

    def _map(self, state: Json, data: Any) -> list[Any]:
        child = Machine(state["ItemProcessor"], self.runner)
        items = [
            _filled(state["ItemSelector"], data, {"Map": {"Item": {"Value": one}}})
            for one in _at(state["ItemsPath"], data)
        ]
        work = [lambda item=item: child.run(item) for item in items]
        failures = [one for one in self.runner.each(work, state["MaxConcurrency"]) if one]
        if 100 * len(failures) > state.get("ToleratedFailurePercentage", 0) * len(items):
            raise StateFailed(TOLERATED)
        return []


def _chosen(state: Json, data: Any) -> str:
    for choice in state["Choices"]:
        if _at(choice["Variable"], data) == choice["StringEquals"]:
            return str(choice["Next"])
    return str(state["Default"])


def _caught(state: Json, failure: StateFailed) -> str:
    for catch in state.get("Catch", ()):
        return str(catch["Next"])
    raise failure


def _output(state: Json, data: Any, result: Any) -> Any:
    """Return the output of a state, whose result is discarded if ``ResultPath`` is null."""
    if "ResultPath" in state:
        return data
    return _at(state.get("OutputPath", "$"), result)


def _at(path: str, data: Any, context: Any = None) -> Any:
    """Return what is at a reference path: ``$.a`` in the data, ``$$.a`` in the context."""
    found = context if path.startswith("$$") else data
    for name in path.lstrip("$").split(".")[1:]:
        found = found[name]
    return found


def _filled(template: Any, data: Any, context: Any = None) -> Any:
    """Return a payload template with the values of its paths."""
    if not isinstance(template, dict):
        return template
    return {
        name.removesuffix(".$"): _at(value, data, context)
        if name.endswith(".$")
        else _filled(value, data, context)
        for name, value in template.items()
    }
