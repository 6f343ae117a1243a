"""Measures the analysis on labelled conversations: ``make evaluate``, explained in the docs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from grok_insights.domain.profile import Profile
from grok_insights.errors import SettingsError
from grok_insights.grok.analyzer import Analyzer
from scripts.evaluate import tables
from scripts.evaluate.analyzer import analyzer_of, estimated_usd, settings_of
from scripts.evaluate.baseline import BASELINE, write_baseline
from scripts.evaluate.bootstrap import NotComparable, differences
from scripts.evaluate.judgement import Judgement
from scripts.evaluate.labelled import BadData, Labelled, load
from scripts.evaluate.options import Options, read_options
from scripts.evaluate.profile import load_profile
from scripts.evaluate.report import Report, Source, read_report, report_of
from scripts.evaluate.run import Evaluation, Stopped


def main(arguments: Sequence[str], environment: Mapping[str, str], console: Console) -> int:
    """Run the command, and return its exit status. Errors are sentences without a traceback."""
    options = read_options(arguments)
    try:
        return (
            compare(options, console)
            if options.compare
            else evaluate(options, environment, console)
        )
    except (BadData, SettingsError, NotComparable, Stopped) as error:
        console.print(f"[red]✗[/] {error}", highlight=False, soft_wrap=True)
        return 1


def compare(options: Options, console: Console) -> int:
    """Print the differences between two reports with their intervals."""
    before, after = (read_report(path) for path in options.compare)
    found = differences(before.judgements, after.judgements)
    console.print(f"A: {options.compare[0]}\nB: {options.compare[1]}")
    console.print(tables.comparison_table(before, after, found))
    return 0


def evaluate(options: Options, environment: Mapping[str, str], console: Console) -> int:
    """Analyse the conversations, print tables and write the report."""
    conversations = load(options.data)
    profile = load_profile(options.profile)
    settings = settings_of(environment, options.model)
    with analyzer_of(settings) as analyzer:
        if not analyzer.is_mock:
            usd = estimated_usd(conversations, profile, options.repeats, settings)
            if not _may_spend(usd, len(conversations) * options.repeats, options, console):
                return 1
        evaluation = Evaluation(analyzer, profile, options.repeats, options.concurrency)
        judgements = _run(evaluation, conversations, console)
        source = _source(options, len(conversations), analyzer, profile)
    report = report_of(source, judgements, datetime.now(UTC))
    console.print(tables.report_tables(report))
    _write(report, options, console)
    return 0


def _source(options: Options, conversations: int, analyzer: Analyzer, profile: Profile) -> Source:
    return Source(
        data=options.data.name,
        data_digest=_digest(options.data),
        conversations=conversations,
        repeats=options.repeats,
        mode="mock" if analyzer.is_mock else "real",
        model=analyzer.model,
        prompt_version=analyzer.prompt_version(profile),
        profile=options.profile.name if options.profile else None,
        profile_digest=_digest(options.profile) if options.profile else None,
    )


def _may_spend(usd: Decimal, calls: int, options: Options, console: Console) -> bool:
    console.print(f"{calls} calls to Grok cost about USD {usd:.2f}.")
    if options.yes:
        return True
    if not sys.stdin.isatty():
        console.print("Nobody can confirm this here. YES=1 confirms it.")
        return False
    return console.input("Spend this? \\[y/N] ").strip().lower() in ("y", "yes")


def _run(
    evaluation: Evaluation, conversations: Sequence[Labelled], console: Console
) -> list[Judgement]:
    judgements = []
    with Progress(console=console, transient=True) as progress:
        total = len(conversations) * evaluation.repeats
        task = progress.add_task("Analysing", total=total)
        for judgement in evaluation.judgements(conversations):
            judgements.append(judgement)
            progress.advance(task)
    return judgements


def _write(report: Report, options: Options, console: Console) -> None:
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(report.model_dump_json(indent=1), "utf-8")
    console.print(f"Report: {options.out}")
    if options.write_baseline:
        write_baseline({name: it.value for name, it in report.measures.items()})
        console.print(f"Baseline: {BASELINE}")


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, Console()))
