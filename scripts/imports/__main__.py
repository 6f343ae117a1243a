"""The command: reads its settings from the environment, as the Makefile passes them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console

from scripts.environments import UnusableError, aws_session, environment, outputs
from scripts.imports.api import ImportFailed, Json, connected
from scripts.imports.command import Importer
from scripts.imports.record import Record

WORDS: Final = ("format", "encoding", "delimiter")


def options_of(environ: Mapping[str, str]) -> Json:
    """Return the options of the job.

    Raises
    ------
    ImportFailed
        ``MAP`` is not of the form ``text=Body,external_id=Ticket``.
    """
    options: Json = {name: environ[name.upper()] for name in WORDS if environ.get(name.upper())}
    if environ.get("MAP"):
        options["mapping"] = _mapping(environ["MAP"])
    return options | {
        name: True for name in ("dry_run", "again") if environ.get(name.upper()) == "1"
    }


def _mapping(words: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in words.split(",")]
    if not all(target and column for target, _, column in pairs):
        raise ImportFailed(f"MAP is {words!r}, not of the form text=Body,external_id=Ticket")
    return {target.strip(): column.strip() for target, _, column in pairs}


def stack_of(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the address and the key of the stack of ``ENV``, else of ``API_URL``, ``API_KEY``.

    Raises
    ------
    UnusableError
        Neither is given.
    """
    if environ.get("ENV"):
        session = aws_session(environ)
        stack_name = environment(environ["ENV"]).stack_name
        found = outputs(session.client("cloudformation"), stack_name)
        key_id = found["ApiKeyId"]
        key = session.client("apigateway").get_api_key(apiKey=key_id, includeValue=True)
        return found["ApiUrl"], key["value"]
    url, api_key = environ.get("API_URL", ""), environ.get("API_KEY", "")
    if not url or not api_key:
        raise UnusableError(
            "Which stack? Start one with make up, set ENV, or set API_URL and API_KEY."
        )
    return url, api_key


def report(job: Json, console: Console) -> int:
    """Print how a job ended, and return the exit status."""
    counts, estimate = job["counts"], job["estimate"]
    if job["error"]:
        console.print(f"[red]✗[/] {job['status']}: {job['error']['message']}", soft_wrap=True)
        return 1
    if job["dry_run"]:
        days = estimate["days_of_budget"]
        console.print(
            f"{estimate['lines']:,} lines, {estimate['unreadable']:,} of them unreadable;"
            f" about {estimate['tokens']:,} tokens, ${estimate['cost_usd']} and"
            f" {estimate['seconds']:,} s at the highest rate"
            + (f", {days} days by the daily budget" if days else ""),
            soft_wrap=True,
        )
        return 0
    console.print(
        f"[green]✓[/] {job['status']}: {counts['accepted']:,} accepted, of which"
        f" {counts['repeated']:,} were there before; {counts['rejected']:,} rejected"
        + (f"; {counts['erased']:,} erased before, and left out" if counts["erased"] else ""),
        soft_wrap=True,
    )
    if "rejected_file" in job:
        console.print(
            f"Rejected lines, for 15 minutes: {job['rejected_file']['url']}", soft_wrap=True
        )
    return 0 if job["status"] == "completed" else 1


def main() -> int:
    """Run the command."""
    console = Console(stderr=True, highlight=False)
    name = os.environ.get("FILE", "")
    try:
        url, key = stack_of(os.environ)
    except UnusableError as error:
        console.print(str(error), soft_wrap=True)
        return 2
    file = Path(name)
    if not name or not file.is_file():
        console.print("Which file? make import FILE=conversations.csv")
        return 2
    folder = Path(os.environ.get("LOCAL_DIR") or ".local") / "imports"
    try:
        options = options_of(os.environ)
        with connected(url, {"x-api-key": key}) as api:
            importer = Importer(api, Record(folder, file, url), console, options, time.sleep)
            return report(importer(file), console)
    except ImportFailed as error:
        console.print(f"[red]✗[/] {error}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on; a job that runs is not cancelled.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
