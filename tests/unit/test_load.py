"""The load test's pure parts: percentiles, due times, responses, and the report."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.load.chart import grouped, html
from scripts.load.conversations import conversations, mean_chars
from scripts.load.errors import LoadTestError
from scripts.load.histogram import Histogram
from scripts.load.options import Options, read_options
from scripts.load.report import Costs, Json, estimated_usd, lines, report
from scripts.load.schedule import Schedule
from scripts.load.service import Outcome, Service, metric, read, retry_after
from scripts.load.tally import Tally
from scripts.load.watch import PAGES, Watch
from scripts.occurrence import occurred_at
from tests.builders import NOW

TIMES = st.lists(st.floats(0.0001, 10_000), min_size=1, max_size=200)


def options(*arguments: str) -> Options:
    return read_options(["--base-url", "http://127.0.0.1:1", *arguments])


def full_report() -> Json:
    tally = Tally()
    tally.sent(Outcome(("a", "b")), began=0.0, ended=0.5)
    tally.sent(Outcome(throttled=1, reason="429", wait_seconds=3), began=0.5, ended=0.6)
    tally.sent(Outcome(failed=1, reason="<500>"), began=0.6, ended=0.7)
    tally.sent(Outcome(("c",)), began=1.0, ended=2.0)
    tally.arrived(1.5, at=1.5, failed=False)
    tally.arrived(3.0, at=4.0, failed=True)
    return report(options(), tally, 1, 0, Costs("mock", 1.2, 0.0))


@given(TIMES, st.integers(1, 100))
def test_a_percentile_is_a_time_that_was_counted_to_one_percent(
    times: list[float], percent: int
) -> None:
    histogram = Histogram()
    for seconds in times:
        histogram.add(seconds)
    exact = sorted(times)[max(math.ceil(len(times) * percent / 100), 1) - 1]
    found = histogram.percentile(percent)
    assert found == pytest.approx(exact, rel=0.011)


@given(TIMES)
def test_percentiles_never_go_down_nor_beyond_the_longest(times: list[float]) -> None:
    histogram = Histogram()
    for seconds in times:
        histogram.add(seconds)
    found = [value for value in histogram.summary().values() if value is not None]
    assert found == sorted(found)
    assert histogram.summary()["max"] == round(max(times), 4)


def test_a_million_times_fit_a_few_thousand_buckets() -> None:
    histogram = Histogram()
    for number in range(1, 1_000_000, 7):
        histogram.add(number / 1000)
    assert len(histogram.counts) < 2_000


def test_without_values_there_is_no_percentile() -> None:
    assert Histogram().summary() == {"p50": None, "p95": None, "p99": None, "max": None}


def test_with_a_rate_requests_are_due_at_fixed_times_and_lateness_counts() -> None:
    schedule = Schedule(rate=50)
    assert schedule.wait_seconds(100, elapsed=1.5) == 0.5
    assert schedule.wait_seconds(100, elapsed=3.0) == 0.0
    assert schedule.began(100, sent=3.0) == 2.0


def test_without_a_rate_nothing_waits_and_latency_counts_from_sending() -> None:
    schedule = Schedule()
    assert schedule.wait_seconds(1_000, elapsed=0.0) == 0.0
    assert schedule.began(1_000, sent=3.0) == 3.0


def test_conversations_go_round_with_an_external_id_each(tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    path.write_text('{"text": "one", "external_id": "x"}\n\n{"text": "three", "metadata": {}}\n')
    found = list(conversations(path, "run", 3, NOW))
    assert [{**one, "occurred_at": None} for one in found] == [
        {"text": "one", "external_id": "load-run-0", "occurred_at": None},
        {"text": "three", "metadata": {}, "external_id": "load-run-1", "occurred_at": None},
        {"text": "one", "external_id": "load-run-2", "occurred_at": None},
    ]
    assert mean_chars(path) == 4


def test_conversations_with_messages_are_sent_as_messages(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    messages = [{"role": "customer", "text": "one"}, {"role": "agent", "text": "three"}]
    path.write_text(json.dumps({"messages": messages}))
    [found] = conversations(path, "run", 1, NOW)
    assert (found["messages"], "text" in found) == (messages, False)
    assert mean_chars(path) == 8


@given(st.integers(1, 2_000))
def test_conversations_took_place_in_order_within_the_past_14_days(count: int) -> None:
    times = [datetime.fromisoformat(occurred_at(number, count, NOW)) for number in range(count)]
    assert times == sorted(times)
    assert NOW - timedelta(days=14) <= times[0]
    assert times[-1] <= NOW


def test_more_and_more_of_fifty_conversations_took_place_on_later_days() -> None:
    times = [datetime.fromisoformat(occurred_at(number, 50, NOW)) for number in range(50)]
    by_day = Counter((NOW - at).days for at in times)
    assert [by_day[day] for day in range(13, -1, -1)] == [1, 2, 2, 2, 3, 3, 4, 3, 4, 5, 5, 5, 5, 6]


def watched(pages: int) -> tuple[Watch, list[dict[str, str]]]:
    """Return a watch of one conversation a page, after one look, and the queries that it sent."""
    queries: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        queries.append(query)
        number = int(query.get("cursor", "0"))
        more = str(number + 1) if number + 1 < pages else None
        item = {"external_id": f"id-{number}", "created_at": NOW.isoformat(), "status": "completed"}
        return httpx.Response(200, json={"items": [item], "next_cursor": more})

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    service = Service(http, "http://127.0.0.1:1", {})
    watch = Watch(service, Tally(), lambda: 1.0, NOW.timestamp(), is_same_clock=True)
    for number in range(pages):
        at = occurred_at(number, pages, NOW)
        watch.expect(f"id-{number}", 0.0, [{"occurred_at": at}])
    asyncio.run(watch.look())
    return watch, queries


def test_insights_are_read_in_the_time_of_the_conversations_that_are_waited_for() -> None:
    watch, queries = watched(2)
    assert not watch.waiting
    first, last = (occurred_at(number, 2, NOW) for number in range(2))
    end = datetime.fromisoformat(last) + timedelta(milliseconds=1)
    window = {"limit": "100", "from": first, "to": end.isoformat(timespec="milliseconds")}
    assert queries == [window, {**window, "cursor": "1"}]


def test_the_next_look_reads_on_where_the_last_one_stopped() -> None:
    watch, queries = watched(PAGES + 2)
    assert len(watch.waiting) == 2
    asyncio.run(watch.look())
    assert not watch.waiting
    assert [query.get("cursor", "0") for query in queries] == [str(n) for n in range(PAGES + 2)]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no conversation"),
        ("{", "line 1 is not JSON"),
        ('{"messages": []}', "line 1 is not an object"),
        ('{"messages": [{"role": "bot"}]}', "line 1 is not an object"),
        ('{"text": "a", "messages": [{"text": "b"}]}', "line 1 is not an object"),
        ('{"text": "a"}\n[]', 'line 2 is not an object with a "text" or "messages"'),
        ('{"text": 1}', "line 1 is not an object"),
    ],
)
def test_an_error_in_a_file_names_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(LoadTestError, match=complaint):
        list(conversations(path, "run", 5, NOW))


def test_a_response_says_the_outcome_of_each_conversation() -> None:
    one = httpx.Response(202, json={"id": "a", "status": "enqueued"})
    many = httpx.Response(
        202,
        json={"results": [{"id": "a", "status": "completed"}, {"id": None, "status": "rejected"}]},
    )
    sent = [{"external_id": "x"}, {"external_id": "y"}]
    assert read(one, sent[:1]) == Outcome(("x",))
    assert read(many, sent) == Outcome(("x",), failed=1, reason="rejected")
    assert read(httpx.Response(500), sent) == Outcome(failed=2, reason="500")


@pytest.mark.parametrize("status", [429, 503])
def test_being_throttled_is_no_failure_and_says_how_long(status: int) -> None:
    response = httpx.Response(status, headers={"retry-after": "7"})
    assert read(response, [{}] * 3) == Outcome(throttled=3, reason=str(status), wait_seconds=7)


@pytest.mark.parametrize(
    ("text", "seconds"), [("7", 7), ("", 1), ("0", 1), ("86400", 60), ("Mon, 23 Nov", 1)]
)
def test_a_wait_is_never_nothing_and_never_endless(text: str, seconds: float) -> None:
    assert retry_after(text) == seconds


def test_a_metric_is_found_by_its_whole_name() -> None:
    text = "# HELP a b\nestimated_cost_usd_sum 3\nestimated_cost_usd 0.25\n"
    assert metric(text, "estimated_cost_usd") == 0.25
    assert metric(text, "estimated_cost") is None


def test_a_thousand_conversations_of_a_thousand_characters_cost_what_the_budget_estimates() -> None:
    assert estimated_usd(1_000, 1_000.0, 0.002) == pytest.approx(1.5)


def test_the_report_adds_up() -> None:
    found = full_report()
    assert found["conversations"] == {
        "accepted": 3,
        "throttled": 1,
        "failed": 1,
        "reasons": {"429": 1, "<500>": 1},
    }
    assert found["insights"] == {"seen": 2, "failed": 1, "missing": 1, "not_watched": 0}
    assert found["throughput"] == {"accepted_per_second": 1.5, "insights_per_second": 0.5}
    assert found["acceptance_seconds"]["max"] == 1.0
    assert found["by_second"] == {"accepted": [2, 0, 1], "insights": [0, 1, 0, 0, 1]}
    assert json.loads(json.dumps(found)) == found


def test_the_report_says_in_sentences_what_was_refused_and_why() -> None:
    assert lines(full_report())[0] == "Accepted 3, throttled 1, failed 1 (1 by 429, 1 by <500>)"


def test_the_chart_is_one_file_without_scripts_and_escapes_what_it_shows() -> None:
    page = html(full_report())
    assert "&lt;500&gt;" in page
    assert "<script" not in page
    assert page.count("<polyline") == 2


@given(st.lists(st.integers(0, 100), max_size=50), st.integers(1, 10))
def test_grouping_seconds_keeps_the_mean(counts: list[int], step: int) -> None:
    seconds = max(len(counts), 2)
    assert sum(grouped(counts, step, seconds)) * step == pytest.approx(sum(counts))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--num-conversations", "0"],
        ["--bulk", "501"],
        ["--rate", "0"],
        ["--import", "--rate", "5"],
        ["--import", "--bulk"],
    ],
)
def test_options_without_sense_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        options(*arguments)
    assert "must be" in capsys.readouterr().err


def test_bulk_alone_means_a_hundred_at_a_time() -> None:
    assert options("--bulk").bulk == 100
    assert options().bulk == 1
