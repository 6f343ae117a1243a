"""The parameters of template.yaml with their bounds, and the variables that the functions get."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

PLACEHOLDER: Final = "-"
"""Placeholder for a value that only a deployment decides, such as the name of a table."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the template, with the bounds that CloudFormation enforces.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
    """

    default: str = ""
    is_number: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None

    def fault(self, value: str) -> str:
        """Return what a value must be if it is not; empty if the value is within the bounds."""
        if self.allowed and value not in self.allowed:
            return f"must be one of {', '.join(self.allowed)}"
        return self._number_fault(value) if self.is_number else self._text_fault(value)

    def _number_fault(self, value: str) -> str:
        try:
            number = float(value)
        except ValueError:
            return "must be a number"
        if self.minimum is not None and not number >= self.minimum:
            return f"must be at least {self.minimum:g}"
        if self.maximum is not None and not number <= self.maximum:
            return f"must be at most {self.maximum:g}"
        return ""

    def _text_fault(self, value: str) -> str:
        if self.min_length is not None and len(value) < self.min_length:
            return f"must have at least {self.min_length} characters"
        if self.max_length is not None and len(value) > self.max_length:
            return f"must have at most {self.max_length} characters"
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            return f"must match {self.pattern}"
        return ""


class Ref(str):
    """The name that a `!Ref` in the template refers to."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Template:
    """The parts of the template that a deployment needs before it starts."""

    parameters: Mapping[str, Parameter]
    variables: Mapping[str, object]
    """The environment variables of all functions: a text, a `Ref`, or None for other intrinsics."""

    @property
    def defaults(self) -> dict[str, str]:
        """Return the default values of all parameters, by parameter."""
        return {name: parameter.default for name, parameter in self.parameters.items()}

    @property
    def parameter_of(self) -> dict[str, str]:
        """Return the parameter that sets each variable, by variable."""
        return {
            variable: str(value)
            for variable, value in self.variables.items()
            if isinstance(value, Ref) and value in self.parameters
        }

    def environment(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that the functions get when parameters have these values."""
        by_variable = self.parameter_of
        given = {**self.defaults, **values}
        return {
            name: given[by_variable[name]] if name in by_variable else _constant(value)
            for name, value in self.variables.items()
        }


def read_template(path: Path) -> Template:
    """Read a template.

    Raises
    ------
    OSError
        There is no such file.
    """
    content: dict[str, Any] = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506  is a SafeLoader
    return Template(
        {name: _parameter(about) for name, about in content.get("Parameters", {}).items()},
        _variables(content),
    )


def _constant(value: object) -> str:
    is_known = isinstance(value, str | int | float) and not isinstance(value, Ref)
    return _text(value) if is_known else PLACEHOLDER


def _variables(content: Mapping[str, Any]) -> dict[str, object]:
    shared = content.get("Globals", {}).get("Function", {})
    functions = [
        resource.get("Properties", {})
        for resource in content.get("Resources", {}).values()
        if isinstance(resource, dict) and resource.get("Type") == "AWS::Serverless::Function"
    ]
    found: dict[str, object] = {}
    for function in (shared, *functions):
        found |= function.get("Environment", {}).get("Variables", {})
    return found


def _parameter(about: Mapping[str, Any]) -> Parameter:
    return Parameter(
        default=_text(about.get("Default", "")),
        is_number=about.get("Type") == "Number",
        allowed=tuple(_text(one) for one in about.get("AllowedValues", ())),
        minimum=about.get("MinValue"),
        maximum=about.get("MaxValue"),
        pattern=about.get("AllowedPattern"),
        min_length=about.get("MinLength"),
        max_length=about.get("MaxLength"),
    )


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


class _Loader(yaml.SafeLoader):
    """Read `!Ref` as a `Ref`; every other short form (!Sub, !If ...) becomes None."""


_Loader.add_multi_constructor("!", lambda _loader, _tag, _node: None)
_Loader.add_constructor("!Ref", lambda _loader, node: Ref(node.value))
