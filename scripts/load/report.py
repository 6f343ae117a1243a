"""The report: all measurements, as JSON and as a table. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.table import Table

from scripts.load.options import Options
from scripts.load.tally import Tally

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs in USD; ``measured`` is None if the service does not report it."""

    mode: str
    estimated: float
    measured: float | None


def estimated_usd(count: int, mean_chars: float, cost_per_1k: float) -> float:
    """Return the cost of a number of conversations in real mode, estimated as the budget does.

    4 characters count as a token. Each conversation needs 500 more tokens for the instructions and
    the answer.
    """
    return count * (mean_chars / 4 + 500) * cost_per_1k / 1000


def report(options: Options, tally: Tally, waiting: int, unwatched: int, costs: Costs) -> Json:
    """Return all measurements. Times are in seconds, money in USD."""
    began = tally.first_seconds or 0.0
    sending = tally.last_acceptance_seconds - began
    analysing = tally.last_insight_seconds - began
    return {
        "asked": {
            "num_conversations": options.num_conversations,
            "concurrency": options.concurrency,
            "bulk": options.bulk,
            "rate": options.rate,
            "import": options.by_import,
            "retry": options.retry,
        },
        "conversations": {
            "accepted": tally.accepted,
            "throttled": tally.throttled,
            "failed": tally.failed,
            "reasons": dict(tally.reasons.most_common()),
        },
        "insights": {
            "seen": tally.insight.total,
            "failed": tally.failed_insights,
            "missing": waiting,
            "not_watched": unwatched,
        },
        "acceptance_seconds": tally.acceptance.summary(),
        "time_to_insight_seconds": tally.insight.summary(),
        "throughput": {
            "accepted_per_second": _rate(tally.accepted, sending),
            "insights_per_second": _rate(tally.insight.total, analysing),
        },
        "cost_usd": {
            "mode": costs.mode,
            "estimated_if_real": round(costs.estimated, 6),
            "measured": costs.measured,
        },
        "by_second": {
            "accepted": _series(tally.accepted_by_second),
            "insights": _series(tally.insights_by_second),
        },
    }


def _rate(count: int, seconds: float) -> float | None:
    return round(count / seconds, 1) if seconds > 0 else None


def _series(counts: dict[int, int]) -> list[int]:
    """Return the count of each second, from the start of the test to the last second with any."""
    return [counts.get(second, 0) for second in range(max(counts, default=-1) + 1)]


def table(found: Json) -> Table:
    """Return the report as a table for a terminal."""
    shown = Table(title="Load test", title_justify="left", title_style="bold", box=None)
    for name in ("", "p50", "p95", "p99", "max"):
        shown.add_column(name, justify="right" if name else "left")
    for name, times in (
        ("Acceptance of a request", found["acceptance_seconds"]),
        ("Time to insight", found["time_to_insight_seconds"]),
    ):
        shown.add_row(name, *(written(times[column]) for column in ("p50", "p95", "p99", "max")))
    return shown


def lines(found: Json) -> list[str]:
    """Return sentences with the figures that are not in the table."""
    sent, insights, cost = found["conversations"], found["insights"], found["cost_usd"]
    reasons = ", ".join(f"{count} by {reason}" for reason, count in sent["reasons"].items())
    measured = "not known" if cost["measured"] is None else f"${cost['measured']:.6f}"
    rates = found["throughput"]
    return [
        f"Accepted {sent['accepted']}, throttled {sent['throttled']}, failed {sent['failed']}"
        + (f" ({reasons})" if reasons else ""),
        f"Insights seen {insights['seen']}, of them failed {insights['failed']}, missing"
        f" {insights['missing']}, not watched {insights['not_watched']}",
        f"Throughput: {_per_second(rates['accepted_per_second'])} accepted,"
        f" {_per_second(rates['insights_per_second'])} analysed",
        f"Cost in {cost['mode']} mode: measured {measured};"
        f" estimated before for real mode ${cost['estimated_if_real']:.4f}",
    ]


def written(seconds: float | None) -> str:
    """Return a time for readers."""
    if seconds is None:
        return "-"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _per_second(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:g}/s"
