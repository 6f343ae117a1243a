"""Send the sample conversations through the whole pipeline, and show the resulting insights."""

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from scripts.local.api import Api
from scripts.local.errors import LocalStackError
from scripts.local.example_profile import print_fields
from scripts.local.stack import LocalStack
from scripts.occurrence import SPAN, occurred_at

Json: TypeAlias = dict[str, Any]

_SAMPLES = Path(__file__).resolve().parents[1] / "samples.jsonl"
_PATIENCE_SECONDS = 120.0
_POLL_SECONDS = 1.5
_BAR_CHARS = 24
_COLOURS = {"positive": "green", "negative": "red", "neutral": "yellow"}
_LOOK: Json = {
    "box": box.SIMPLE_HEAD,
    "title_justify": "left",
    "title_style": "bold",
}
_COUNTERS = {
    "Insights": ("count", "bold"),
    "Positive": ("positive", _COLOURS["positive"]),
    "Neutral": ("neutral", _COLOURS["neutral"]),
    "Negative": ("negative", _COLOURS["negative"]),
    "Failed": ("failed", "magenta"),
    "Cost": ("estimated_cost", ""),
    "Mean ms": ("mean_processing_time_ms", ""),
}


def show(stack: LocalStack, console: Console) -> None:
    """Send conversations over HTTP, wait for their insights, and print insights and trends."""
    samples = _samples(datetime.now(UTC))
    with Api(stack.api_url, stack.api_key) as api:
        ids = [_send_one(api, samples[0]), *_send_bulk(api, samples[1:])]
        insights = _wait_for(api, ids, console, stack.files.log("emulator"))
        trends = api.get("/api/v1/insights/trends", **_past(datetime.now(UTC)))
    console.print(_insights_table([insights[id_] for id_ in ids], samples))
    print_fields([insights[id_] for id_ in ids], console)
    console.print(_trends_table(trends), _topics_table(trends))
    _print_next_steps(stack, console)


def _samples(now: datetime) -> list[Json]:
    """Return the samples, each with a time in the past 14 days."""
    if not _SAMPLES.is_file():
        raise LocalStackError(f"The sample conversations are missing: {_SAMPLES}.")
    lines = [line for line in _SAMPLES.read_text(encoding="utf-8").splitlines() if line]
    return [
        {**json.loads(line), "occurred_at": occurred_at(number, len(lines), now)}
        for number, line in enumerate(lines)
    ]


def _past(now: datetime) -> dict[str, str]:
    """Return the query for the trends of the days of the samples."""
    return {"interval": "day", "from": (now - SPAN).isoformat(timespec="seconds")}


def _send_one(api: Api, sample: Json) -> str:
    return str(api.post("/api/v1/conversations", sample)["id"])


def _send_bulk(api: Api, samples: Sequence[Json]) -> list[str]:
    response = api.post("/api/v1/conversations/bulk", {"conversations": samples})
    if response["rejected"]:
        raise LocalStackError(f"{response['rejected']} of the sample conversations were refused.")
    return [result["id"] for result in response["results"]]


def _wait_for(api: Api, ids: Sequence[str], console: Console, log: Path) -> dict[str, Json]:
    """Read the newest insights, not each one, to stay below the rate limit."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    columns = (TextColumn("Analysing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    found: dict[str, Json] = {}
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=len(ids))
        while time.monotonic() < deadline:
            found = _present(api, ids)
            bar.update(task, completed=len(found))
            if len(found) == len(ids):
                return found
            time.sleep(_POLL_SECONDS)
    raise LocalStackError(
        f"{len(ids) - len(found)} of {len(ids)} conversations had no insight after"
        f" {_PATIENCE_SECONDS:.0f} s.",
        log,
    )


def _present(api: Api, ids: Sequence[str]) -> dict[str, Json]:
    wanted, found = set(ids), {}
    for insight in api.newest_insights():
        if insight["id"] in wanted:
            found[insight["id"]] = insight
        if len(found) == len(wanted):
            break
    return found


def _insights_table(insights: Sequence[Json], samples: Sequence[Json]) -> Table:
    table = Table(title="Insights", expand=True, **_LOOK)
    table.add_column("Conversation", no_wrap=True)
    table.add_column("Sentiment", no_wrap=True)
    table.add_column("Topics", ratio=2, no_wrap=True)
    table.add_column("Summary", ratio=3, no_wrap=True)
    for insight, sample in zip(insights, samples, strict=True):
        topics = ", ".join(insight.get("topics") or [])
        summary = " ".join((insight.get("summary") or _reason(insight)).split())
        table.add_row(
            escape(sample["external_id"]), _sentiment(insight), escape(topics), escape(summary)
        )
    return table


def _sentiment(insight: Json) -> str:
    sentiment = insight.get("sentiment") or insight["status"]
    return f"[{_COLOURS.get(sentiment, 'magenta')}]{sentiment}[/]"


def _reason(insight: Json) -> str:
    return str((insight.get("error") or {}).get("message", ""))


def _trends_table(trends: Json) -> Table:
    table = Table(title=f"Trends by {trends['interval']} (UTC)", show_footer=True, **_LOOK)
    totals, is_daily = trends["totals"], trends["interval"] == "day"
    table.add_column("Day" if is_daily else "From", footer="in all")
    for name, (field, colour) in _COUNTERS.items():
        table.add_column(name, footer=str(totals[field]), style=colour, justify="right")
    for point in trends["series"]:
        if point["count"]:
            start = point["start"][:10] if is_daily else point["start"][5:16].replace("T", " ")
            table.add_row(start, *(str(point[field]) for field, _ in _COUNTERS.values()))
    return table


def _topics_table(trends: Json) -> Table:
    table = Table(title="Most frequent topics", **_LOOK)
    table.add_column("Topic")
    table.add_column("Insights", justify="right")
    table.add_column("")
    longest = max((topic["count"] for topic in trends["top_topics"]), default=1)
    for topic in trends["top_topics"]:
        bar = "█" * round(_BAR_CHARS * topic["count"] / longest)
        table.add_row(escape(topic["topic"]), str(topic["count"]), f"[cyan]{bar}[/]")
    return table


def _print_next_steps(stack: LocalStack, console: Console) -> None:
    folder = stack.files.folder
    if folder.is_relative_to(stack.files.checkout):
        folder = folder.relative_to(stack.files.checkout)
    console.print("[bold]The stack stays up.[/] Try it:", "", sep="\n")
    console.print(f"  API        {stack.api_url}", soft_wrap=True)
    console.print(f"  Dashboard  {stack.api_url}/dashboard", soft_wrap=True)
    console.print(f"  API key    {stack.api_key}", soft_wrap=True)
    console.print(
        "",
        f"  . {folder}/stack.env",
        '  curl -H "x-api-key: $API_KEY" "$API_URL/api/v1/insights?limit=3"',
        '  curl -H "x-api-key: $API_KEY" -H "content-type: application/json" \\',
        """       -d '{"text": "The driver was kind, but the parcel came a week late."}' \\""",
        '       "$API_URL/api/v1/conversations"',
        "",
        "  make down   stops it",
        sep="\n",
        soft_wrap=True,
    )
