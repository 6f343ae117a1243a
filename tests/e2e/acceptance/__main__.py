"""`python -m tests.e2e.acceptance`: check the stack that the environment names. See `Stack`.

pytest runs the checks in the order of their files. The configuration of the other tests is not
used, because it replaces the AWS credentials.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from scripts.environments import UnusableError
from tests.e2e.acceptance.api import Api, shown
from tests.e2e.acceptance.report import Report
from tests.e2e.acceptance.sent import ANALYSES, COUNT, IMPORTED, USD_EACH
from tests.e2e.acceptance.stack import STACK, Stack

HERE = Path(__file__).parent
WIDTH_OF_LOGS = 120


class _Given:
    """A pytest plugin that passes the stack to the checks."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def pytest_configure(self, config: pytest.Config) -> None:
        """Store the stack where its fixture finds it."""
        config.stash[STACK] = self._stack


def main(environ: Mapping[str, str]) -> int:
    """Check the stack; return 0 if no check fails, else 1."""
    console = Console(
        highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH_OF_LOGS
    )
    boto3.setup_default_session(region_name=environ.get("AWS_REGION") or None)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        stack = Stack.from_environ(environ)
        require_usable(stack)
        mode = _mode(stack)
    except (UnusableError, BotoCoreError, ClientError, httpx.TransportError) as error:
        console.print(f"[red]✗[/] The stack cannot be checked: {error}", markup=True)
        return 1
    console.print(f"Checks the stack at {stack.url}\n{_cost(mode)}", markup=False)
    return _run(stack, Report(console))


def require_usable(stack: Stack, transport: httpx.BaseTransport | None = None) -> None:
    """Refuse a stack with which nearly every check would fail.

    Raises
    ------
    UnusableError
        The API refuses the key, or there is no CloudFormation stack of this name.
    """
    with Api(stack.url, stack.key, transport=transport) as api:
        response = api.http.get("api/v1/insights", params={"limit": 1})
    if response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise UnusableError(f"the API refuses the key ({shown(response)}).")
    if stack.name:
        _require_stack(stack.name)


def _require_stack(name: str) -> None:
    try:
        boto3.client("cloudformation").describe_stacks(StackName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            raise UnusableError(f"there is no stack {name} in this account and region.") from None
    except BotoCoreError:
        return  # the checks that need AWS say so themselves


def _mode(stack: Stack) -> str:
    with Api(stack.url, key="") as api:
        response = api.http.get("health")
    try:
        return str(response.json()["mode"])
    except (ValueError, LookupError):
        return "unknown"


def _cost(mode: str) -> str:
    sent = COUNT + len(IMPORTED)
    what = f"{sent} short conversations are sent, and deleted at the end"
    if mode == "mock":
        return f"Grok is in mock mode: {what}."
    usd = ANALYSES * USD_EACH
    return f"Grok's mode is {mode}: {what}; their {ANALYSES} analyses cost about {usd:.2f} USD."


def _run(stack: Stack, report: Report) -> int:
    code = pytest.main(
        [
            str(HERE),
            f"--rootdir={HERE}",
            f"--confcutdir={HERE}",
            "--override-ini=addopts=--import-mode=importlib",
            "--disable-plugin-autoload",
            "-p",
            "no:cacheprovider",
        ],
        plugins=[report, _Given(stack)],
    )
    return 0 if code == pytest.ExitCode.OK and report.is_green else 1


if __name__ == "__main__":
    sys.exit(main(os.environ))
