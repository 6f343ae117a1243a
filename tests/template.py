"""The templates as data, with intrinsic functions as ``{"Ref": …}`` and the like."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]  # ships no types

PATH = Path(__file__).parent.parent / "template.yaml"
NESTED_STACK = "AWS::CloudFormation::Stack"

Json = dict[str, Any]


@cache
def load(path: Path) -> Json:
    """Return one template as it is written, with its anchors and merge keys resolved."""
    loaded: Json = json.loads(json.dumps(cfn_yaml.load(str(path))))
    return loaded


def template() -> Json:
    """Return the root template."""
    return load(PATH)


def nested_stacks() -> dict[str, Json]:
    """Return the nested stacks of the root template, by logical id, as they are declared there."""
    declared: dict[str, Json] = template()["Resources"]
    return {name: one for name, one in declared.items() if one["Type"] == NESTED_STACK}


@cache
def nested_template(stack: str) -> Json:
    """Return a nested stack's template, its parameters replaced by the root template's values."""
    properties = nested_stacks()[stack]["Properties"]
    source = load(PATH.parent / properties["TemplateURL"])
    parts = {name: part for name, part in source.items() if name != "Parameters"}
    replaced: Json = _replaced(parts, properties["Parameters"])
    return replaced


def resources(of_type: str) -> dict[str, Json]:
    """Return the properties of all resources of a type, by logical id, including nested stacks."""
    templates = [template(), *map(nested_template, nested_stacks())]
    return {
        name: resource.get("Properties", {})
        for one in templates
        for name, resource in one["Resources"].items()
        if resource["Type"] == of_type
    }


def resource_of(output: Json) -> str:
    """Return the logical id of the resource that an output of a nested stack refers to."""
    stack, name = output["Fn::GetAtt"]
    value = nested_template(stack)["Outputs"][name.removeprefix("Outputs.")]["Value"]
    return str(value["Ref"])


def _replaced(value: Any, passed: Mapping[str, Any]) -> Any:
    match value:
        case {"Ref": name} if name in passed:
            return passed[name]
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": _substituted(text, passed)}
        case {"Fn::Sub": [str(text), dict(variables)]}:
            return {"Fn::Sub": [_substituted(text, passed), _replaced(variables, passed)]}
        case dict():
            return {name: _replaced(one, passed) for name, one in value.items()}
        case list():
            return [_replaced(one, passed) for one in value]
        case _:
            return value


def _substituted(text: str, passed: Mapping[str, Any]) -> str:
    return re.sub(
        r"\$\{(\w+)\}",
        lambda found: _placeholder(passed[found[1]]) if found[1] in passed else found[0],
        text,
    )


def _placeholder(value: Json) -> str:
    """Return a value as ``Fn::Sub`` writes it."""
    [name] = value.values()
    return f"${{{name if isinstance(name, str) else '.'.join(name)}}}"
