"""Print each step and how long it took; a terminal also shows that it still runs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape


class Progress:
    """Report steps on `console`; a `quiet` one is for callers that are programs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @classmethod
    def quiet(cls) -> "Progress":
        """Return a progress that prints nothing."""
        return cls(Console(quiet=True))

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show `title` while the block runs, and its time when it succeeds."""
        started = time.monotonic()
        with self._console.status(f"{title} ..."):
            yield
        self._console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - started:.1f} s[/]")

    def say(self, text: str) -> None:
        """Print a message that is not about a step."""
        self._console.print(escape(text), soft_wrap=True)

    def note(self, text: str) -> None:
        """Print a warning about a probable mistake that stops nothing."""
        self._console.print(f"[yellow]![/] {text}", highlight=False)
