"""The evaluation, over loopback: it finds the known quality of a stand-in, and spends with care."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from grok_insights.grok.analyzer import Analyzer, Answer
from grok_insights.grok.prompt import Prompt
from scripts.evaluate.__main__ import main
from scripts.evaluate.analyzer import analyzer_of, settings_of
from scripts.evaluate.golden import GOLDEN_DATA
from scripts.evaluate.labelled import load
from scripts.evaluate.report import Report, read_report
from scripts.evaluate.run import Evaluation
from tests.standin import running
from tests.standin.books import Plan
from tests.standin.labelled import answers, running_labelled

CONVERSATIONS = load(GOLDEN_DATA)
WRONG = 0.2
KEY = "xai-a-secret-key"

LABELS_BY_CHANCE = (
    "sentiment.accuracy",
    "fields.resolved.accuracy",
    "fields.churn_risk.accuracy",
    "quotes.verified_share",
    "topics.micro_precision",
    "topics.micro_recall",
)


def command(*arguments: str, address: str = "", **environment: str) -> tuple[int, str]:
    """Run the command, and return its exit status and output."""
    output = io.StringIO()
    real = {"GROK_MODE": "real", "GROK_API_KEY": KEY, "GROK_API_BASE_URL": address}
    status = main(
        arguments,
        {**(real if address else {}), **environment},
        Console(file=output, width=200, force_terminal=False),
    )
    return status, output.getvalue()


def report_of(known: Mapping[str, dict[str, object]], out: Path, *arguments: str) -> Report:
    with running_labelled(known) as address:
        status, output = command("--yes", "--out", str(out), *arguments, address=address)
    assert status == 0, output
    return read_report(out)


@pytest.fixture(scope="module")
def perfect(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("perfect") / "report.json"
    report_of(answers(CONVERSATIONS), out)
    return out


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("noisy") / "report.json"
    report_of(answers(CONVERSATIONS, WRONG, seed=1), out)
    return out


def test_a_perfect_analyzer_gets_full_marks_with_an_interval_of_no_width(perfect: Path) -> None:
    report = read_report(perfect)
    for name, found in report.measures.items():
        if name.startswith(("sentiment.", "topics.", "fields.", "quotes.", "answered.")):
            assert found == (1.0, 1.0, 1.0), name
    assert report.errors == {}
    assert report.tokens == 400 * len(CONVERSATIONS)


@pytest.mark.parametrize("name", LABELS_BY_CHANCE)
def test_the_known_quality_of_a_noisy_analyzer_is_in_the_interval(noisy: Path, name: str) -> None:
    found = read_report(noisy).measures[name]
    assert found.low <= 1 - WRONG <= found.high
    assert found.high - found.low < 0.12


def test_the_comparison_of_noisy_with_perfect_says_worse(perfect: Path, noisy: Path) -> None:
    status, output = command("--compare", str(perfect), str(noisy))
    assert status == 0
    row = next(line for line in output.splitlines() if "sentiment.accuracy" in line)
    assert row.rstrip().endswith("worse")


def test_the_comparison_of_a_report_with_itself_finds_no_difference(noisy: Path) -> None:
    status, output = command("--compare", str(noisy), str(noisy))
    assert status == 0
    assert "worse" not in output
    assert "better" not in output


def test_three_repeats_are_three_judgements_of_each_conversation(tmp_path: Path) -> None:
    known = answers(CONVERSATIONS, WRONG)
    report = report_of(known, tmp_path / "report.json", "--repeats", "3")
    assert len(report.judgements) == 3 * len(CONVERSATIONS)
    assert report.agreement == 1.0


def test_without_a_yes_nothing_is_sent_and_the_estimate_is_shown(tmp_path: Path) -> None:
    with running() as standin:
        status, output = command("--out", str(tmp_path / "r.json"), address=standin.address)
        assert standin.books.calls == []
    assert status == 1
    assert "calls to Grok cost about USD 0." in output
    assert "YES=1" in output


def test_a_refused_key_stops_the_run_with_a_sentence_and_without_the_key(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    with running() as standin:
        status, output = command(
            "--yes", "--out", str(out), address=standin.address, GROK_API_KEY="wrong-key"
        )
        assert len(standin.books.calls) < len(CONVERSATIONS)
    assert status == 1
    assert "✗" in output
    assert "wrong-key" not in output
    assert not out.exists()


def test_conversations_that_fail_count_as_wrong_answers(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    lines = [
        {"id": str(number), "text": f"My parcel {number} is late.", "sentiment": "negative"}
        for number in range(4)
    ]
    data.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    out = tmp_path / "report.json"
    with running() as standin:
        standin.books.next_replies.append("moderated")
        status, output = command(
            str(data), "--yes", "--out", str(out), "--concurrency", "1", address=standin.address
        )
    assert status == 0, output
    report = read_report(out)
    assert report.measures["sentiment.accuracy"].value == 0.75
    assert report.measures["answered.share"].value == 0.75
    assert sum(report.errors.values()) == 1
    assert report.confusion["sentiment"]["negative"] == {"negative": 3, "(failed)": 1}
    assert "1 calls failed" in output


class Counting:
    """Passes prompts to an analyzer, and notes how many calls run at once."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self.lock = threading.Lock()
        self.at_once = self.most_at_once = 0
        self.longest_call_seconds = analyzer.longest_call_seconds
        self.model, self.is_mock = analyzer.model, analyzer.is_mock
        self.prompt_version = analyzer.prompt_version
        self.overhead_tokens = analyzer.overhead_tokens

    def analyse(self, prompt: Prompt) -> Answer:
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self.analyzer.analyse(prompt)
        finally:
            with self.lock:
                self.at_once -= 1


@contextmanager
def evaluation(address: str, slept: list[float], concurrency: int = 1) -> Iterator[Evaluation]:
    """Yield an evaluation of the real client, which notes its delays instead of waiting."""
    real = {"GROK_MODE": "real", "GROK_API_KEY": KEY, "GROK_API_BASE_URL": address}
    with analyzer_of(settings_of(real, None)) as analyzer:
        yield Evaluation(analyzer, concurrency=concurrency, sleep=slept.append, jitter=lambda: 0.0)


def test_a_transient_error_is_tried_again_and_its_cost_is_counted() -> None:
    slept: list[float] = []
    with running() as standin, evaluation(standin.address, slept) as run:
        standin.books.next_replies.extend(["rate_limited", "cut_off"])
        (judgement,) = run.judgements(CONVERSATIONS[:1])
        billed = [call.billed_ticks for call in standin.books.calls]
    assert judgement.error is None
    assert judgement.cost_ticks == sum(billed)
    assert len(billed) == 3
    assert slept == [1, 0]


def test_a_conversation_has_three_attempts_in_all() -> None:
    with running() as standin, evaluation(standin.address, []) as run:
        standin.books.next_replies.extend(["server_error"] * 3)
        (judgement,) = run.judgements(CONVERSATIONS[:1])
        assert len(standin.books.calls) == 3
    assert judgement.found is None
    assert judgement.error


def test_no_more_calls_run_at_once_than_allowed() -> None:
    with running() as standin, evaluation(standin.address, [], concurrency=3) as run:
        standin.books.plan = Plan((0.02, 0.03))
        counting = Counting(run.analyzer)
        limited = replace(run, analyzer=counting)
        assert len(list(limited.judgements(CONVERSATIONS[:30]))) == 30
    assert counting.most_at_once == 3


def test_neither_the_report_nor_the_output_has_the_text_of_a_conversation(perfect: Path) -> None:
    written = perfect.read_text("utf-8")
    assert [it.id for it in CONVERSATIONS if it.transcript[:40] in written] == ["en-022"]
