"""`python -m scripts.local run|up|down|load|validate`: the commands behind the Makefile."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Final

from rich.console import Console
from rich.markup import escape

from scripts.local import demonstration, sam
from scripts.local.errors import LocalStackError
from scripts.local.example_profile import activate_profile, example_profile
from scripts.local.isolation import tool_environment
from scripts.local.load import load
from scripts.local.options import Options, load_options
from scripts.local.progress import Progress
from scripts.local.stack import bring_up, stopping_on_failure, take_down

_WIDTH_OF_LOGS = 120
_CHECKOUT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Run one command; print a failure as a sentence and return exit status 1."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_LOGS)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)
    if not arguments or arguments[0] not in _COMMANDS:
        console.print(f"usage: python -m scripts.local {'|'.join(_COMMANDS)}", markup=False)
        return 1
    try:
        options = load_options(os.environ, _CHECKOUT)
        return _COMMANDS[arguments[0]](options, console, arguments[1:])
    except LocalStackError as error:
        _print_failure(console, error)
    except KeyboardInterrupt:
        console.print("[red]✗[/] Interrupted before it was done.")
    return 1


def _run(options: Options, console: Console, _more: list[str]) -> int:
    profile = example_profile(os.environ.get("PROFILE", ""))
    stack = bring_up(options, _CHECKOUT, Progress(console))
    with stopping_on_failure(stack.files, stack.was_started):
        if profile:
            activate_profile(stack, profile, console)
        demonstration.show(stack, console)
    return 0


def _up(options: Options, console: Console, _more: list[str]) -> int:
    stack = bring_up(options, _CHECKOUT, Progress(console))
    console.print(f"[green]✓[/] The stack is up: {stack.api_url}")
    console.print(f"  Its addresses, names and API key: {_shown(stack.files.stack_env)}")
    return 0


def _load(options: Options, console: Console, more: list[str]) -> int:
    return load(options, _CHECKOUT, console, more)


def _down(options: Options, console: Console, _more: list[str]) -> int:
    was_up = take_down(options, _CHECKOUT)
    console.print("[green]✓[/] The stack is down." if was_up else "The stack was not up.")
    return 0


def _validate(options: Options, _console: Console, _more: list[str]) -> int:
    programs = Path(sys.executable).parent
    tools = tool_environment(os.environ, options.endpoint_url, options.local_dir, programs)
    if not sam.validate(_CHECKOUT, tools):
        raise LocalStackError("The template is not valid.")
    return 0


def _print_failure(console: Console, error: LocalStackError) -> None:
    if error.log is not None:
        console.print(escape(error.log_tail()), style="dim", soft_wrap=True)
    more = f" The whole log: {_shown(error.log)}" if error.log else ""
    console.print(f"[red]✗[/] {escape(str(error))}{more}", soft_wrap=True)


def _shown(path: Path) -> Path:
    return path.relative_to(_CHECKOUT) if path.is_relative_to(_CHECKOUT) else path


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


_COMMANDS: Final = {"run": _run, "up": _up, "down": _down, "load": _load, "validate": _validate}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
