"""A complete stack for the tests: the template, the real functions, the real IAM policies."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from scripts.local.aws import EmulatorSession
from tests.recount import Counts, counted, recount

if TYPE_CHECKING:
    from tests.e2e.browser import Visit, Visitor

collect_ignore = ["acceptance"]
"""Tests that need a stack by its URL: `make verify` and `test_verify.py` run them."""

CHECKOUT = Path(__file__).parent.parent.parent
SETTINGS = {
    "AUTH": "true",
    "STACK_NAME": "grok-insights-e2e",
    "ANALYSIS_TIMEOUT_SECONDS": "5",
    "ANALYSIS_CONCURRENCY": "3",
    "GROK_MOCK_MAX_LATENCY_SECONDS": "0.2",
    "CORS_ALLOWED_ORIGINS": "https://app.example",
}
_addresses = count(1)


@dataclass(frozen=True)
class Client:
    """A client of the API with its own address, which the emulator reads from a header."""

    http: httpx.Client

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(path, params=query)

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.http.post(path, json=body)

    def delete(self, path: str) -> httpx.Response:
        return self.http.delete(path)

    def bulk(self, conversations: list[dict[str, Any]]) -> dict[str, Any]:
        response = self.post("/api/v1/conversations/bulk", {"conversations": conversations})
        assert response.status_code == 202, response.text
        body: dict[str, Any] = response.json()
        return body


@dataclass(frozen=True)
class Stack:
    """The stack from outside: its API, its tables and its logs."""

    environment: Mapping[str, str]
    session: EmulatorSession

    def name(self, output: str) -> str:
        """Return an output of the stack, by its variable's name."""
        return self.environment[output]

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return every item of a table, by the name of the table's variable."""
        pages = self.session.dynamodb().get_paginator("scan").paginate(TableName=self.name(table))
        return [dict(item) for page in pages for item in page["Items"]]

    def insights(self) -> list[dict[str, Any]]:
        """Return every insight, without the marks of erased conversations."""
        return [one for one in self.items("INSIGHTS_TABLE_NAME") if "erased" not in one]

    def counted(self) -> Counts:
        """Return the stored counters of trends."""
        return counted(self.session.dynamodb(), self.name("TRENDS_TABLE_NAME"))

    def recounted(self) -> Counts:
        """Return the counters that follow from the stored insights."""
        return recount(self.session.dynamodb(), self.name("INSIGHTS_TABLE_NAME"))


def start_import(client: Client, content: bytes, **options: Any) -> str:
    """Upload JSON Lines of one part, start their import, and return the path of its job."""
    begun = client.post("/api/v1/uploads", {"name": "c.jsonl", "size": len(content)}).json()
    [part] = begun["missing"]
    assert client.http.put(part["url"], content=content).status_code == 200
    job = {"kind": "import", "upload_id": begun["id"], **options}
    started = client.post("/api/v1/jobs", job).json()
    return f"/api/v1/jobs/{started['id']}"


def ended_job(client: Client, path: str, seconds: float) -> dict[str, Any]:
    """Return a job once it has ended. It is read every two seconds, below the rate limit."""
    deadline = time.monotonic() + seconds
    while (job := client.get(path).json())["status"] == "running":
        assert time.monotonic() < deadline, job
        time.sleep(2)
    return dict(job)


def make_client(stack: Stack, key: str) -> Client:
    number = next(_addresses)
    address = f"198.51.{number // 250}.{number % 250 + 1}"
    headers = {"x-forwarded-for": address} | ({"x-api-key": key} if key else {})
    return Client(httpx.Client(base_url=stack.name("API_URL"), headers=headers, timeout=60))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start a stack on a free port with the users' command, and stop it at the end."""
    with bring_up(tmp_path_factory.mktemp("stack"), SETTINGS) as environment:
        yield Stack(environment, EmulatorSession(environment["AWS_ENDPOINT_URL"]))


@contextmanager
def bring_up(folder: Path, chosen: dict[str, str]) -> Iterator[dict[str, str]]:
    """Start a stack in its own folder; yield its variables."""
    settings = chosen | {"LOCAL_DIR": str(folder), "EMULATOR_PORT": str(free_port())}
    try:
        run_local("up", settings)
        yield exports((folder / "stack.env").read_text())
    finally:
        run_local("down", settings)


def run_local(command: str, settings: dict[str, str]) -> str:
    """Run a command of the local stack that must succeed, and return its output."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.local", command],
        cwd=CHECKOUT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def exports(shell: str) -> dict[str, str]:
    """Return the variables of a `stack.env`."""
    words = [word for word in shlex.split(shell) if "=" in word]
    return dict(word.split("=", 1) for word in words)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


NewClient = Callable[..., Client]


@contextmanager
def clients_of(stack: Stack) -> Iterator[NewClient]:
    """Yield a function that makes clients, and close them at the end."""
    made: list[Client] = []

    def make(key: str | None = None) -> Client:
        made.append(make_client(stack, stack.name("API_KEY") if key is None else key))
        return made[-1]

    yield make
    for client in made:
        client.http.close()


@pytest.fixture
def new_client(stack: Stack) -> Iterator[NewClient]:
    """Return a function that makes clients with their own address and, if given, another key."""
    with clients_of(stack) as make:
        yield make


@pytest.fixture(scope="module")
def new_client_of_module(stack: Stack) -> Iterator[NewClient]:
    """Return the same function for the fixtures of a module."""
    with clients_of(stack) as make:
        yield make


@pytest.fixture
def client(new_client: NewClient) -> Client:
    """Return a client with a key, and with an address that no other test uses."""
    return new_client()


@pytest.fixture(scope="session")
def unique() -> Callable[[str], str]:
    """Return a function that makes names that no other test has used."""
    numbers = count()
    return lambda name: f"{re.sub('[^a-z0-9]+', '-', name)}-{next(numbers)}"


def until(claim: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until a condition is true.

    Raises
    ------
    AssertionError
        It did not become true within the given time.
    """
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.25)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from tests.e2e import browser as browsing

    with browsing.chromium() as found:
        yield found


@pytest.fixture
def visit(browser: Any, stack: Stack) -> Iterator[Visit]:
    from tests.e2e.browser import Visitor

    visitors: list[Visitor] = []

    def come(**context: Any) -> Visitor:
        visitors.append(Visitor(browser, stack, **context))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.context.close()
