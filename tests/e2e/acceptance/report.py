"""Print one line per check: ✓ passed, ✗ failed with the reason, or a dash: not checked."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from rich.console import Console

ABBREVIATIONS: Final = {
    "api": "API",
    "aws": "AWS",
    "head": "HEAD",
    "http": "HTTP",
    "openapi": "OpenAPI",
    "tls": "TLS",
}


class Report:
    """A pytest plugin that replaces pytest's own output."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._passed = 0
        self._failed = 0
        self._not_checked: dict[str, str] = {}
        self._file = ""

    @property
    def is_green(self) -> bool:
        """Whether no check failed, and at least one passed."""
        return self._passed > 0 and self._failed == 0

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Remove pytest's own reporter."""
        config.pluginmanager.unregister(name="terminalreporter")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Print a file that cannot be imported."""
        if report.failed:
            self._fail(report.nodeid, str(report.longrepr))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Print the outcome of a check, once."""
        name = _claim(report.nodeid)
        if report.failed:
            self._heading(report.nodeid)
            self._fail(name if report.when != "teardown" else "the run cleans up", _reason(report))
        elif report.skipped:
            self._heading(report.nodeid)
            self._skip(name, _reason(report))
        elif report.when == "call":
            self._heading(report.nodeid)
            self._passed += 1
            notes = "".join(f" ({note})" for _, note in report.user_properties)
            self._line("green", "✓", name + notes)

    def pytest_keyboard_interrupt(self) -> None:
        """Print that the run ended early; its conversations are deleted nevertheless."""
        self._fail("the run comes to its end", "it was interrupted")

    def pytest_sessionfinish(self) -> None:
        """Print what could not be checked, and the totals."""
        self._console.print()
        for name, reason in self._not_checked.items():
            self._console.print(f"not checked: {name}, because {reason}", markup=False)
        sums = f"{self._passed} passed, {self._failed} failed, {len(self._not_checked)} not checked"
        self._console.print(f"{sums}", style="green" if self.is_green else "red")

    def _heading(self, nodeid: str) -> None:
        file = PurePath(nodeid.partition("::")[0]).stem
        if file != self._file:
            self._file = file
            title = _sentence(file.removeprefix("test_").lstrip("0123456789_"))
            self._console.print(f"\n{title[0].upper()}{title[1:]}", style="bold")

    def _fail(self, name: str, reason: str) -> None:
        self._failed += 1
        self._line("red", "✗", name)
        self._console.print(f"    {reason}", markup=False)

    def _skip(self, name: str, reason: str) -> None:
        self._not_checked[name] = reason
        self._line("yellow", "\N{EN DASH}", name)

    def _line(self, colour: str, mark: str, text: str) -> None:
        self._console.print(f"  {mark} ", style=colour, end="")
        self._console.print(text, markup=False)


def _claim(nodeid: str) -> str:
    """Return the name of a check as a sentence."""
    name = nodeid.rpartition("::")[2].removeprefix("test_")
    claim, _, parameters = name.partition("[")
    sentence = _sentence(claim)
    return f"{sentence}: {parameters.rstrip(']')}" if parameters else sentence


def _sentence(name: str) -> str:
    """Return a Python name as words, abbreviations in capitals."""
    return " ".join(ABBREVIATIONS.get(word, word) for word in name.split("_"))


def _reason(report: pytest.TestReport) -> str:
    """Return the message of the failed assertion or of the skip, without the traceback."""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    message = str(report.longrepr) if crash is None else str(crash.message)
    sentence = message.partition("\nassert ")[0]
    return sentence.removeprefix("AssertionError: ").removeprefix("Failed: ")
