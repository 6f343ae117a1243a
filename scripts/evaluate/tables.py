"""Shows reports and comparisons as tables."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grok_insights.domain import pricing
from scripts.evaluate.bootstrap import Interval
from scripts.evaluate.measures import is_quality
from scripts.evaluate.report import GroupFigures, Report, TopicFigures


def report_tables(report: Report) -> Group:
    """Return the tables of one report, from the summary to the details."""
    confusions = (_confusion(name, rows) for name, rows in report.confusion.items())
    return Group(
        Text(_heading(report), style="bold"),
        _measures(report.measures),
        Text(_footer(report)),
        *confusions,
        _topics(report.topics),
        _groups(report.groups),
    )


def comparison_table(before: Report, after: Report, found: Mapping[str, Interval]) -> Table:
    """Return a table of the differences. It names those whose interval does not contain 0."""
    table = Table("Measure", "A", "B", "B - A", "95 % interval", "", box=None)
    for name, difference in found.items():
        table.add_row(
            name,
            _number(before.measures[name].value),
            _number(after.measures[name].value),
            f"{difference.value:+.3f}",
            f"{difference.low:+.3f} to {difference.high:+.3f}",
            better_or_worse(name, difference),
        )
    return table


def better_or_worse(name: str, difference: Interval) -> str:
    """Return ``better``, ``worse``, or an empty text if the interval contains 0."""
    if not (difference.is_above_zero or difference.is_below_zero):
        return ""
    return "better" if difference.is_above_zero == is_quality(name) else "worse"


def _heading(report: Report) -> str:
    source = report.source
    repeats = f", {source.repeats} repeats" if source.repeats > 1 else ""
    return f"{source.model} on {source.conversations} conversations of {source.data}{repeats}"


def _footer(report: Report) -> str:
    failed = sum(report.errors.values())
    codes = ", ".join(f"{code}: {count}" for code, count in sorted(report.errors.items()))
    lines = [
        f"{report.tokens:,} tokens, {pricing.dollars(report.cost_ticks)} in all",
        f"{failed} calls failed ({codes})" if failed else "no call failed",
    ]
    if report.source.repeats > 1:
        lines.append(f"{report.agreement:.1%} of conversations have one sentiment in all repeats")
    return "\n".join(lines) + "\n"


def _measures(found: Mapping[str, Interval]) -> Table:
    table = Table("Measure", "Value", "95 % interval", box=None)
    for name, it in found.items():
        table.add_row(name, _number(it.value), f"{_number(it.low)} to {_number(it.high)}")
    return table


def _confusion(name: str, rows: Mapping[str, Mapping[str, int]]) -> Table:
    classes = sorted({found for row in rows.values() for found in row} | rows.keys())
    table = Table(f"{name}: expected", *(f"found {it}" for it in classes), box=None)
    for expected, row in rows.items():
        table.add_row(expected, *(str(row.get(it, "")) for it in classes))
    return table


def _topics(topics: Mapping[str, TopicFigures]) -> RenderableType:
    table = Table("Topic", "Expected", "Found", "Precision", "Recall", "F1", box=None)
    for name, it in sorted(topics.items(), key=lambda item: -item[1].conversations):
        if it.conversations:
            figures = (_number(it.precision), _number(it.recall), _number(it.f1))
            table.add_row(name, str(it.conversations), str(it.found), *figures)
    others = [name for name, it in topics.items() if not it.conversations]
    return Group(table, Text(f"and {len(others)} topics that are no label\n") if others else "")


def _groups(groups: Mapping[str, GroupFigures]) -> Table:
    table = Table("Group", "Conversations", "Sentiment accuracy", "Topics F1", box=None)
    for name, it in groups.items():
        topics = "" if it.topics_micro_f1 is None else _number(it.topics_micro_f1)
        table.add_row(name, str(it.conversations), _number(it.sentiment_accuracy), topics)
    return table


def _number(value: float) -> str:
    return (
        f"{value:,.0f}" if value >= 10 else f"{value:.6f}" if 0 < value < 0.001 else f"{value:.3f}"
    )
