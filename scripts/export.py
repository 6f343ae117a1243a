"""Write all insights of a range into CSV and JSON Lines files, page by page, with a progress bar.

This is a command and not a route, because a function returns at most 6 MB within 29 seconds, and an
export has no upper bound. It waits whenever the API asks it to, so the rate limit only slows it
down: 60 requests a minute read 6,000 insights a minute. A file appears under its name only when it
is complete.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

import httpx
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from grok_insights.domain.insight_row import COLUMNS, row

PAGE: Final = 100
TRIES: Final = 8
AGAIN: Final = frozenset({429, 500, 502, 503, 504})
Insight = dict[str, Any]
Write = Callable[[Insight], None]


class ExportError(Exception):
    """The export cannot continue. The message is for the user."""


class Api:
    """A client of the API that waits when the API asks it to."""

    def __init__(self, client: httpx.Client, sleep: Callable[[float], None] = time.sleep) -> None:
        self.client = client
        self.sleep = sleep

    def insights(self, query: dict[str, str]) -> Iterator[list[Insight]]:
        """Return all pages of a query, newest first."""
        cursor: str | None = ""
        while cursor is not None:
            more = {"cursor": cursor} if cursor else {}
            page = self._get("/api/v1/insights", {**query, **more, "limit": str(PAGE)})
            yield page["items"]
            cursor = page["next_cursor"]

    def total(self, query: dict[str, str]) -> int | None:
        """Return about how many insights a query has; None if the counters do not say."""
        if not {"from", "to"} <= query.keys() or any(map(_narrows, query)):
            return None
        span = {"from": query["from"], "to": query["to"], "interval": "day"}
        response = self.client.get("/api/v1/insights/trends", params=span)
        if response.status_code != httpx.codes.OK:
            return None
        totals: dict[str, int] = response.json()["totals"]
        count = totals[query.get("sentiment", "count")]
        return {"failed": totals["failed"], "completed": count - totals["failed"]}.get(
            query.get("status", ""), count
        )

    def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        for attempt in range(TRIES):
            wait = 2.0**attempt
            try:
                response = self.client.get(path, params=query)
            except httpx.TransportError:
                self.sleep(wait)
                continue
            if response.status_code == httpx.codes.OK:
                found: dict[str, Any] = response.json()
                return found
            if response.status_code not in AGAIN:
                raise ExportError(f"the API responds with {response.status_code}: {response.text}")
            self.sleep(float(response.headers.get("retry-after", wait)))
        raise ExportError(f"the API does not respond, after {TRIES} tries")


def _narrows(name: str) -> bool:
    """Return whether a filter selects insights that the totals do not count separately."""
    return name in {"topic", "external_id"} or name.startswith(("field.", "segment."))


@contextmanager
def writer(path: Path) -> Iterator[Write]:
    """Write insights into a file in the format of its name, and rename it when it is complete.

    An incomplete file is removed, whatever ended the export.

    Raises
    ------
    ExportError
        The name has no known format, or no file of this name can be made.
    """
    formats = {".csv": _csv, ".jsonl": _json_lines}
    if path.suffix not in formats:
        raise ExportError(f"{path}: the name must end in .csv or .jsonl")
    part = path.with_name(f"{path.name}.part")
    try:
        with _opened(part, path) as file:
            yield formats[path.suffix](file)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _opened(part: Path, path: Path) -> TextIO:
    if path.is_dir():
        raise ExportError(f"{path} cannot be written: it is a folder")
    try:
        return part.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror}") from None


def _csv(file: TextIO) -> Write:
    table = csv.writer(file)
    table.writerow(COLUMNS)
    return lambda insight: table.writerow(row(insight))


def _json_lines(file: TextIO) -> Write:
    return lambda insight: print(json.dumps(insight, ensure_ascii=False), file=file)


def export(api: Api, query: dict[str, str], paths: list[Path], console: Console) -> int:
    """Write the results of the query into all files, and return the number of insights."""
    columns = (TextColumn("Export"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    done = 0
    with ExitStack() as stack:
        writers = [stack.enter_context(writer(path)) for path in paths]
        progress = stack.enter_context(Progress(*columns, console=console))
        task = progress.add_task("", total=api.total(query))
        for page in api.insights(query):
            for insight in page:
                for write in writers:
                    write(insight)
            done += len(page)
            progress.update(task, completed=done)
        progress.update(task, total=done)
    return done


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.export", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="….csv or ….jsonl")
    for name in ("from", "to", "sentiment", "status", "topic"):
        parser.add_argument(f"--{name}", help="as in GET /api/v1/insights")
    parser.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="field.NAME=…, segment.NAME=… or external_id=…; several may be given",
    )
    given = vars(parser.parse_args())
    filters = dict(text.partition("=")[::2] for text in given.pop("filter"))
    paths: list[Path] = given.pop("files")
    query = {name: value for name, value in given.items() if value is not None} | filters
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return _reported(query, paths, Console(stderr=True))


def _reported(query: dict[str, str], paths: list[Path], console: Console) -> int:
    url, key = os.environ.get("API_URL"), os.environ.get("API_KEY")
    if not url or not key:
        console.print("Which stack? Start one with make up, or set API_URL and API_KEY.")
        return 2
    try:
        with httpx.Client(base_url=url, headers={"x-api-key": key}, timeout=40) as client:
            done = export(Api(client), query, paths, console)
    except (ExportError, OSError) as error:
        console.print(f"Nothing was exported: {error}", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("Nothing was exported: it was interrupted.")
        return 1
    console.print(f"{done} insights in {', '.join(map(str, paths))}", soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
