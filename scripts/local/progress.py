"""Says what is being done and how long it took; a terminal also shows that it still works."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape


class Progress:
    """Reports steps on `console`; `quiet` ones are for callers that are programs themselves."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @classmethod
    def quiet(cls) -> "Progress":
        """Says nothing."""
        return cls(Console(quiet=True))

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Shows `title` while the block runs, and its time when it succeeds."""
        started = time.monotonic()
        with self._console.status(f"{title} ..."):
            yield
        self._console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - started:.1f} s[/]")

    def say(self, text: str) -> None:
        """Tell what a command does besides its steps."""
        self._console.print(escape(text), soft_wrap=True)

    def note(self, text: str) -> None:
        """Points out something that is likely a mistake but stops nothing."""
        self._console.print(f"[yellow]![/] {text}", highlight=False)
