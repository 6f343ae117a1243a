"""Store Grok's key in SSM.

It is read without echo, never passed as an argument, and never printed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from getpass import getpass
from typing import TYPE_CHECKING

from scripts.environments import Environment, UnusableError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

Ask = Callable[[str], str] | None


def terminal() -> Ask:
    """Return a function that asks the user for the key, or None if there is no terminal."""
    return getpass if sys.stdin.isatty() else None


def ensure(ssm: SSMClient, wanted: Environment, environ: Mapping[str, str], ask: Ask) -> bool:
    """Ensure that the environment's key is in SSM; return True if this call stored it.

    Raises
    ------
    UnusableError
        The key is missing, and there is no terminal to ask for it.
    """
    name = wanted.parameters.get("GrokApiKeyParameter", "")
    if wanted.parameters.get("GrokMode") != "real" or not name:
        return False
    if ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])["Parameters"]:
        return False
    put(ssm, name, _given(name, environ, ask), overwrite=False)
    return True


def rotate(ssm: SSMClient, wanted: Environment, environ: Mapping[str, str], ask: Ask) -> str:
    """Replace the stored key, and return the name of its parameter."""
    name = wanted.parameters.get("GrokApiKeyParameter", "")
    if not name:
        raise UnusableError(f"{wanted.name} has no GrokApiKeyParameter in samconfig.toml.")
    put(ssm, name, _given(name, environ, ask), overwrite=True)
    return name


def put(ssm: SSMClient, name: str, key: str, *, overwrite: bool) -> None:
    """Store a key, encrypted."""
    ssm.put_parameter(Name=name, Value=key, Type="SecureString", Overwrite=overwrite)


def _given(name: str, environ: Mapping[str, str], ask: Ask) -> str:
    key = environ.get("GROK_API_KEY", "").strip()
    if not key and ask:
        key = ask(f"Key of xAI's API, for {name} (not shown): ").strip()
    if not key:
        raise UnusableError(
            f"There is no key in {name}. Run this in a terminal to be asked for it,"
            " or put it into GROK_API_KEY for this one time."
        )
    return key
