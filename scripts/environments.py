"""The environments of samconfig.toml: dev, staging and prod, and their stacks in AWS."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

CHECKOUT: Final = Path(__file__).resolve().parents[1]
SECTIONS: Final = {"dev": "default", "staging": "staging", "prod": "prod"}


class UnusableError(Exception):
    """What was asked cannot be done, in a sentence for the terminal."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One section of samconfig.toml."""

    name: str
    section: str
    stack_name: str
    parameters: Mapping[str, str]


def environment(name: str, checkout: Path = CHECKOUT) -> Environment:
    """The environment of a name.

    Raises
    ------
    UnusableError
        There is no such environment.
    """
    if name not in SECTIONS:
        wanted = ", ".join(SECTIONS)
        raise UnusableError(f"ENV is {name!r}: it must be one of {wanted}.")
    section = SECTIONS[name]
    config: dict[str, Any] = tomllib.loads((checkout / "samconfig.toml").read_text("utf-8"))
    given: list[str] = config[section]["deploy"]["parameters"].get("parameter_overrides", [])
    return Environment(
        name=name,
        section=section,
        stack_name=config[section]["global"]["parameters"]["stack_name"],
        parameters=dict(one.split("=", 1) for one in given),
    )


def outputs(cloudformation: CloudFormationClient, stack_name: str) -> dict[str, str]:
    """The outputs of a deployed stack."""
    stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
