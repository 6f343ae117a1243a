"""`make load`: run the load test on the local stack, with a higher rate limit until it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console

from scripts.local import emulator
from scripts.local.files import LocalFiles
from scripts.local.options import Options
from scripts.local.progress import Progress
from scripts.local.stack import LocalStack, bring_up

LIMIT = "RATE_LIMIT_REQUESTS"
RAISED = "1000000"

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def load(options: Options, checkout: Path, console: Console, arguments: Sequence[str]) -> int:
    """Run the load test, and return its exit status.

    A rate limit that is set for this command is used as by `make up`, and not raised.
    """
    if LIMIT in options.given:
        return _test(bring_up(options, checkout, Progress(console)), checkout, arguments)
    with _raised_limit(options, checkout, Progress(console)) as stack:
        return _test(stack, checkout, arguments)


@contextmanager
def _raised_limit(options: Options, checkout: Path, progress: Progress) -> Iterator[LocalStack]:
    """Give the stack a limit that no load test reaches, and restore its own limit afterwards."""
    try:
        stack = bring_up(options.for_now(**{LIMIT: RAISED}), checkout, progress)
        progress.say(f"{LIMIT} is {RAISED} until the load test ends.")
        yield stack
    finally:
        if emulator.running(LocalFiles(checkout, options.local_dir)):
            with _uninterrupted(), progress.step(f"Put {LIMIT} back"):
                bring_up(options, checkout)


def _test(stack: LocalStack, checkout: Path, arguments: Sequence[str]) -> int:
    """Run until the test ends. An interrupted test still reports its measurements."""
    command = [sys.executable, "scripts/load_test.py", *arguments]
    environment = os.environ | stack.environment
    process = subprocess.Popen(command, cwd=checkout, env=environment)  # noqa: S603
    with _uninterrupted(process):
        status = process.wait()
    return status if status >= 0 else 1


@contextmanager
def _uninterrupted(process: subprocess.Popen[bytes] | None = None) -> Iterator[None]:
    """Pass SIGINT and SIGTERM to `process` instead of ending."""

    def tell(number: int, _frame: FrameType | None) -> None:
        if process and number != signal.SIGINT:  # a terminal already signals both
            process.terminate()

    # Without a child the signals are ignored by SIG_IGN and not by a handler: started programs
    # inherit it.
    handler = tell if process else signal.SIG_IGN
    before = {number: signal.signal(number, handler) for number in _ENDING}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
