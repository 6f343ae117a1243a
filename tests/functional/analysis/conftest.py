"""The analysis function with the stand-in, on tables of moto."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from moto import mock_aws

from tests.functional.conftest import make_parts
from tests.functional.worker import SETTINGS, RunningClock, Worker, Wrap
from tests.standin import Books, Standin, running

NewWorker = Callable[..., Worker]


@pytest.fixture(scope="package")
def server() -> Iterator[Standin]:
    with running(hang_seconds=3.0) as standin:
        yield standin


@pytest.fixture
def clock() -> RunningClock:
    return RunningClock()


@pytest.fixture
def new_worker(server: Standin, clock: RunningClock) -> Iterator[NewWorker]:
    """Return a function that makes workers with their own settings and analyzer wrapper."""
    server.books = Books()
    with ExitStack() as stack:

        def make(wrap: Wrap | None = None, **settings: str) -> Worker:
            stack.enter_context(mock_aws())
            given = {**SETTINGS, "GROK_API_BASE_URL": server.address, **settings}
            worker = Worker(make_parts(clock, **given), server, wrap)
            stack.callback(worker.close)
            return worker

        yield make


@pytest.fixture
def worker(new_worker: NewWorker) -> Worker:
    return new_worker()
