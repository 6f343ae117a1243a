"""Every metric that an alarm or the dashboard uses, with its dimensions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.infrastructure.transformed import walk
from tests.template import resources

STACK = "the-stack"
EVERY_INDEX = "every index"

QUERY = re.compile(
    r"""SELECT\ SUM\((?P<name>\w+)\)\ FROM\ SCHEMA\("(?P<namespace>[\w/]+)",\ (?P<dimensions>.+?)\)
    \ WHERE\ TableName\ =\ '\$\{(?P<table>\w+)\}'""",
    re.VERBOSE,
)
"""A query of CloudWatch Metrics Insights, as an alarm has it."""

SEARCH = re.compile(
    r"""SEARCH\('\{(?P<namespace>[\w/]+),(?P<dimensions>.+?)\}\ TableName="\$\{(?P<table>\w+)\}"
    \ MetricName="(?P<name>\w+)"',\ 'Sum',\ 60\)""",
    re.VERBOSE,
)
"""A search expression, as the dashboard has it."""


class Watched(NamedTuple):
    """A metric, the names and values of its dimensions, and what uses it."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]
    by: str


def watched() -> list[Watched]:
    """Return the metrics of all alarms and of the dashboard."""
    return [*_by_alarms(), *_by_dashboard()]


def widgets() -> list[dict[str, Any]]:
    """Return the dashboard's widgets, with the stack's name filled in."""
    body, variables = resources("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"][
        "Fn::Sub"
    ]
    for name, value in variables.items():
        body = body.replace(f"${{{name}}}", value["Fn::Sub"])
    found: list[dict[str, Any]] = json.loads(body.replace("${AWS::StackName}", STACK))["widgets"]
    return found


def written_out(metrics: list[list[Any]]) -> Iterator[list[Any]]:
    """Return the metrics of a widget without CloudWatch's abbreviations ``.`` and ``...``."""
    before: list[Any] = []
    for metric in metrics:
        names = [part for part in metric if isinstance(part, str)]
        if names[:1] == ["..."]:
            names = before[: len(before) - len(names) + 1] + names[1:]
        names = [
            known if name == "." else name
            for name, known in zip(names, [*before, *names][: len(names)], strict=True)
        ]
        before = names or before
        yield [*names, *(part for part in metric if not isinstance(part, str))]


def _by_alarms() -> Iterator[Watched]:
    for by, alarm in resources("AWS::CloudWatch::Alarm").items():
        for one in walk(alarm):
            if isinstance(one, dict) and "MetricName" in one:
                named = {d["Name"]: _value(d["Value"]) for d in one["Dimensions"]}
                dimensions = frozenset(named.items())
                yield Watched(one["Namespace"], one["MetricName"], dimensions, by)
            elif isinstance(one, dict) and "SELECT" in str(one.get("Expression")):
                yield _of_every_index(QUERY, one["Expression"]["Fn::Sub"], by)


def _by_dashboard() -> Iterator[Watched]:
    for widget in widgets():
        by = f"the dashboard's {widget['properties'].get('title')}"
        for metric in written_out(widget["properties"].get("metrics", [])):
            if "expression" in metric[-1]:
                yield _of_every_index(SEARCH, metric[-1]["expression"], by)
            else:
                namespace, name, *rest = [part for part in metric if isinstance(part, str)]
                pairs = zip(rest[::2], map(_placeholder, rest[1::2]), strict=True)
                yield Watched(namespace, name, frozenset(pairs), by)


def _of_every_index(pattern: re.Pattern[str], expression: str, by: str) -> Watched:
    found = pattern.fullmatch(expression)
    assert found is not None, expression
    values = {"TableName": found["table"], "GlobalSecondaryIndexName": EVERY_INDEX}
    names = re.split(r", ?", found["dimensions"])
    dimensions = frozenset((name, values[name]) for name in names)
    return Watched(found["namespace"], found["name"], dimensions, by)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return STACK if value["Ref"] == "AWS::StackName" else f"{value['Ref']}"
    if "Fn::Sub" in value:
        return str(value["Fn::Sub"]).rpartition(":")[2]
    return ".".join(value["Fn::GetAtt"])


def _placeholder(value: str) -> str:
    return re.sub(r"\$\{(.+?)\}", r"\1", value)
