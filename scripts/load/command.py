"""The command: ask before it costs money, run the test, and report."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.prompt import Confirm

from scripts.load.chart import html
from scripts.load.conversations import conversations, mean_chars
from scripts.load.errors import LoadTestError
from scripts.load.options import Options, read_options
from scripts.load.report import Costs, Json, estimated_usd, lines, report, table
from scripts.load.run import Run, Show
from scripts.load.service import TIMEOUT_SECONDS, Service
from scripts.load.tally import Tally


def main(arguments: Sequence[str]) -> int:
    """Return 0 if all was accepted or throttled and all insights came, else 1."""
    options = read_options(arguments)
    # A shell that starts a command in the background lets it ignore SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    console = Console(stderr=True)
    try:
        found = asyncio.run(_test(options, console))
    except LoadTestError as error:
        console.print(f"[red]✗[/] {error}", soft_wrap=True, highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("[red]✗[/] Interrupted before anything was sent.")
        return 1
    _hand_out(found, options, Console())
    good = not found["conversations"]["failed"] and not found["insights"]["missing"]
    return 0 if good else 1


async def _test(options: Options, console: Console) -> Json:
    limits = httpx.Limits(max_connections=options.concurrency + 2)
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, limits=limits, trust_env=False) as http:
        service = Service(http, options.base_url.rstrip("/"), {"x-api-key": options.api_key})
        mode = await service.mode()
        estimated = _agreed(options, mode, console)
        before = await service.spent_usd()
        run = await _run(options, service, console)
        after = await service.spent_usd()
    measured = None if before is None or after is None else round(after - before, 8)
    costs = Costs(mode, estimated, measured)
    return report(options, run.tally, len(run.watch.waiting), run.watch.unwatched, costs)


def _agreed(options: Options, mode: str, console: Console) -> float:
    """Return the cost in real mode, after the user has agreed to a high one.

    Raises
    ------
    LoadTestError
        The user did not agree.
    """
    chars = mean_chars(options.from_file)
    usd = estimated_usd(options.num_conversations, chars, options.cost_per_1k)
    console.print(
        f"{options.num_conversations} conversations of {chars:.0f} characters in {mode} mode:"
        + (f" about ${usd:.4f}" if mode != "mock" else f" free (about ${usd:.4f} in real mode)")
    )
    if mode == "mock" or usd <= options.ask_above_usd or options.yes:
        return usd
    if sys.stdin.isatty() and Confirm.ask(f"Spend about ${usd:.2f}?", console=console):
        return usd
    raise LoadTestError(f"Not agreed to spend about ${usd:.2f}: --yes does.")


async def _run(options: Options, service: Service, console: Console) -> Run:
    source = conversations(
        options.from_file, uuid4().hex[:8], options.num_conversations, datetime.now(UTC)
    )
    with _progress(console) as progress:
        show = _shown_on(progress, options.num_conversations)
        run = Run(options, service, source, _is_here(options.base_url), show)
        try:
            await run()
        except asyncio.CancelledError:
            progress.console.print("[yellow]![/] Stopped early: this is what was measured so far.")
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
    return run


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(
        *columns, TextColumn("{task.fields[rate]}"), TimeElapsedColumn(), console=console
    )


def _shown_on(progress: Progress, count: int) -> Show:
    accepted = progress.add_task("Accepted", total=count, rate="")
    insights = progress.add_task("Insights", total=count, rate="")

    def show(tally: Tally, waiting: int, seconds: float) -> None:
        rate = tally.accepted / max(seconds, 0.1)
        refused = f", {tally.throttled} throttled, {tally.failed} failed"
        progress.update(accepted, completed=tally.accepted, rate=f"{rate:.1f}/s{refused}")
        seen = tally.insight.total
        rate = seen / max(seconds, 0.1)
        progress.update(insights, completed=seen, rate=f"{rate:.1f}/s, {waiting} waiting")

    return show


def _is_here(url: str) -> bool:
    """Whether the service runs on this machine, and so uses the same clock."""
    host = httpx.URL(url).host
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hand_out(found: Json, options: Options, console: Console) -> None:
    console.print(table(found), *lines(found), sep="\n", highlight=False, soft_wrap=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if options.chart:
        options.chart.write_text(html(found), encoding="utf-8")
