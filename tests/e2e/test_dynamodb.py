"""The functional tests on a second implementation of DynamoDB: they do not depend on moto."""

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


def test_the_functional_tests_pass_on_the_emulators_dynamodb() -> None:
    ignored = [f"--ignore=tests/functional/{name}" for name in WITHOUT_TABLES]
    with bare_emulator() as address:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "tests/functional",
                "-p",
                "no:cacheprovider",
                "-n",
                "2",
                *ignored,
            ],
            cwd=CHECKOUT,
            env={**os.environ, "DYNAMODB_ENDPOINT_URL": address},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
