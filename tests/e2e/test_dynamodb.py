"""The functional tests, and the contracts of the simulation, on a second implementation of AWS.

They do not depend on moto.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.e2e.conftest import CHECKOUT
from tests.emulator import bare_emulator

WITHOUT_TABLES = (
    "test_circuit_breaker.py",
    "test_deploy.py",
    "test_grok_client.py",
    "test_verify.py",
)
"""Tests with their own emulator, or without DynamoDB."""


CONTRACTS = ("test_dynamodb_contract.py", "test_sqs_contract.py")


def test_the_functional_tests_pass_on_the_emulators_dynamodb() -> None:
    ignored = [f"--ignore=tests/functional/{name}" for name in WITHOUT_TABLES]
    with bare_emulator() as address:
        done = run_tests("tests/functional", "-n", "2", *ignored, DYNAMODB_ENDPOINT_URL=address)
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]


def test_the_services_of_the_simulation_respond_as_the_emulators_do() -> None:
    contracts = [f"tests/simulation/{name}" for name in CONTRACTS]
    with bare_emulator() as address:
        done = run_tests(*contracts, DYNAMODB_ENDPOINT_URL=address, SQS_ENDPOINT_URL=address)
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]


def run_tests(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run tests in a process of their own, and return its output."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--show-capture=no", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
