"""Every metric that an alarm or the dashboard names, with its dimensions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.infrastructure.transformed import walk
from tests.template import resources

STACK = "the-stack"


class Watched(NamedTuple):
    """A metric, the names and values of its dimensions, and who watches it."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]
    by: str


def watched() -> list[Watched]:
    """All of them."""
    return [*_by_alarms(), *_by_dashboard()]


def widgets() -> list[dict[str, Any]]:
    """The dashboard's widgets, with the stack's name put in."""
    body = resources("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]
    found: list[dict[str, Any]] = json.loads(body.replace("${AWS::StackName}", STACK))["widgets"]
    return found


def _by_alarms() -> Iterator[Watched]:
    for by, alarm in resources("AWS::CloudWatch::Alarm").items():
        for one in walk(alarm):
            if isinstance(one, dict) and "MetricName" in one:
                named = {d["Name"]: _value(d["Value"]) for d in one["Dimensions"]}
                dimensions = frozenset(named.items())
                yield Watched(one["Namespace"], one["MetricName"], dimensions, by)


def _by_dashboard() -> Iterator[Watched]:
    for widget in widgets():
        for metric in widget["properties"].get("metrics", []):
            namespace, name, *rest = [part for part in metric if isinstance(part, str)]
            pairs = zip(rest[::2], map(_placeholder, rest[1::2]), strict=True)
            by = f"the dashboard's {widget['properties']['title']}"
            yield Watched(namespace, name, frozenset(pairs), by)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return STACK if value["Ref"] == "AWS::StackName" else f"{value['Ref']}"
    return ".".join(value["Fn::GetAtt"])


def _placeholder(value: str) -> str:
    return re.sub(r"\$\{(.+?)\}", r"\1", value)
