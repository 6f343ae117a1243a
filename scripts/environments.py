"""The environments of samconfig.toml: dev, staging and prod, and their stacks in AWS."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3

from scripts.sam_parameters import read_overrides

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

CHECKOUT: Final = Path(__file__).resolve().parents[1]
SECTIONS: Final = {"dev": "default", "staging": "staging", "prod": "prod"}


class UnusableError(Exception):
    """The command cannot do what was requested. The message is a sentence for the terminal."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One section of samconfig.toml."""

    name: str
    section: str
    stack_name: str
    parameters: Mapping[str, str]


def environment(name: str, checkout: Path = CHECKOUT) -> Environment:
    """Return the environment with this name.

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
    given = config[section]["deploy"]["parameters"].get("parameter_overrides", [])
    return Environment(
        name=name,
        section=section,
        stack_name=config[section]["global"]["parameters"]["stack_name"],
        parameters=read_overrides(given),
    )


def aws_session(environ: Mapping[str, str]) -> boto3.Session:
    """Return a session in the region of `AWS_REGION`, which boto3 itself does not read.

    Raises
    ------
    UnusableError
        Neither this variable nor another of boto3's sources sets a region.
    """
    session = boto3.Session(region_name=environ.get("AWS_REGION") or None)
    if session.region_name is None:
        raise UnusableError(
            "No region is set: set AWS_REGION, for example AWS_REGION=eu-central-1."
        )
    return session


def outputs(cloudformation: CloudFormationClient, stack_name: str) -> dict[str, str]:
    """Return the outputs of a deployed stack."""
    stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
