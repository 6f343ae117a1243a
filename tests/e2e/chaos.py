"""Chaos: the real functions on the emulator, while everything around them fails.

``run`` does it and returns the figures. The test asserts those that must hold; the others are only
printed. ``make chaos`` runs the full dose, ``make test`` a smaller one.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from grok_insights.analysis.admission import STORAGE_RETRY_SECONDS
from grok_insights.analysis.calls import PROBE
from grok_insights.aws.dynamodb.attributes import number_of
from scripts.redrive import redrive
from tests.e2e.conftest import Client, Stack, until
from tests.recount import counted, recount
from tests.standin import CallRecord, Outage, Standin, digest

if TYPE_CHECKING:
    from collections.abc import Iterable

KEY = "xai-a-key-of-the-chaos-test"
MARKER = "zanzibarean"
"""A word of every conversation, which must be in no log."""

LOG_WINDOW_MS = 10_000

THRESHOLD, CONCURRENCY = 5, 3
RATES = {
    **dict.fromkeys(("fenced", "in_prose", "odd_values"), 0.03),
    **dict.fromkeys(("huge_integer", "long_model"), 0.02),
    **dict.fromkeys(("server_error", "html_error", "unavailable", "overloaded"), 0.02),
    **dict.fromkeys(("request_timeout", "error_in_200", "reset", "reset_in_body"), 0.02),
    **dict.fromkeys(("cut_off", "empty", "no_json", "missing_field", "broken_json"), 0.016),
    **dict.fromkeys(("refusal", "content_filter", "moderated", "too_long"), 0.006),
    **dict.fromkeys(("hang", "drip", "too_large", "bad_argument", "deeply_nested"), 0.005),
    **dict.fromkeys(("rate_limited", "rate_limited_until", "at_capacity"), 0.005),
}
"""30 % of answers are faulty, a tenth have an unusual form. A wrong setting and used-up credits
stop all calls: they are scripted once each.
"""

LARGEST_WAVE = 50
"""Calls that may start before a wave shows that Grok refuses everybody: ``MAX_BATCH_SIZE``."""

SCRIPTED = ("wrong_key", "no_key", "blocked", "unknown_model", "redirect", "no_credits")


@dataclass(frozen=True)
class Dose:
    """The number of each kind of fault."""

    conversations: int
    outages: tuple[tuple[float, str], ...]
    """Seconds and reply of each outage."""
    kills: int
    hopeless: int
    """Conversations for which every call fails."""
    blocked: int
    """Conversations that an edge in front of Grok refuses each time, with a page and 403."""
    absurd: int
    """Conversations whose first answer has an impossible bill."""
    scripted: tuple[str, ...]
    recovery_seconds: int
    refused_save_seconds: float
    """Seconds in which IAM denies the analysis to write insights; 0 leaves this fault out."""
    seconds: float
    """Seconds within which all must be done."""

    def settings(self, standin: Standin) -> dict[str, str]:
        """Return the stack's settings."""
        return {
            "AUTH": "true",
            "STACK_NAME": "grok-insights-chaos",
            "ANALYSIS_TIMEOUT_SECONDS": "5",
            "ANALYSIS_CONCURRENCY": str(CONCURRENCY),
            "GROK_MODE": "real",
            "GROK_API_KEY": KEY,
            "GROK_API_BASE_URL": standin.address,
            "GROK_TIMEOUT_SECONDS": "1",
            "GROK_MAX_REQUESTS_PER_SECOND": "60",
            "DAILY_BUDGET_USD": "100",
            "CIRCUIT_BREAKER_FAILURE_THRESHOLD": str(THRESHOLD),
            "CIRCUIT_BREAKER_RECOVERY_SECONDS": str(self.recovery_seconds),
            "CREDITS_RETRY_SECONDS": "5",
            "RATE_LIMIT_REQUESTS": "100000",
        }


SMALL = Dose(
    conversations=150,
    outages=((6.0, "reset"), (4.0, "all_refused")),
    kills=1,
    hopeless=2,
    blocked=1,
    absurd=2,
    scripted=("wrong_key", "no_credits"),
    recovery_seconds=3,
    refused_save_seconds=0.0,
    seconds=200,
)
FULL = Dose(
    conversations=2_000,
    outages=((20.0, "reset"), (20.0, "unavailable"), (15.0, "all_refused")),
    kills=6,
    hopeless=6,
    blocked=3,
    absurd=10,
    scripted=SCRIPTED,
    recovery_seconds=10,
    refused_save_seconds=15.0,
    seconds=900,
)


@dataclass
class Figures:
    """The results of a run."""

    conversations: int = 0
    seconds: float = 0.0
    insights: Counter[str] = field(default_factory=Counter)
    missing: int = 0
    doubled: int = 0
    calls: int = 0
    faulty: int = 0
    replies: Counter[str] = field(default_factory=Counter)
    trends_equal_recount: bool = False
    insight_ticks: int = 0
    kept_ticks: int = 0
    billed_ticks: int = 0
    unmatched: int = 0
    absurd: int = 0
    refused: int = 0
    refusals: int = 0
    unsaved_calls: int = 0
    damaged_items: int = 0
    dead_letters: set[str] = field(default_factory=set)
    used_up: set[str] = field(default_factory=set)
    fewest_calls_of_the_dead: int = 0
    outages: list[Outage] = field(default_factory=list)
    probes: list[int] = field(default_factory=list)
    closed_after_seconds: list[float] = field(default_factory=list)
    killed: int = 0
    duplicates: int = 0
    redriven: int = 0
    is_right_after_redrive: bool = False
    budget_ticks: int = 0
    spent_ticks: int = 0
    dearest_call_ticks: int = 0
    most_in_flight: int = 0
    calls_beyond_the_budget: int = 0
    busiest_second: int = 0
    leaks: int = 0
    log_lines: int = 0

    def allowed_calls(self, outage: Outage, probes: int) -> int:
        """Return how many calls an outage may affect."""
        most = LARGEST_WAVE if outage.reply == "all_refused" else THRESHOLD
        return outage.in_flight + most * CONCURRENCY + probes

    def first_refusals(self) -> int:
        """Return the most conversations that may fail when Grok begins to refuse everybody.

        A refusal is final where Grok answered another call of its wave, so that the waves under
        way at that moment can end some. No later call does.
        """
        refused = [outage for outage in self.outages if outage.reply == "all_refused"]
        return sum(outage.in_flight + outage.calls for outage in refused)

    def rows(self) -> Iterable[tuple[str, object]]:
        """Return every figure with its meaning."""
        yield "conversations, all accepted with 202", self.conversations
        yield "seconds until all had their insight", round(self.seconds, 1)
        yield "insights", dict(self.insights)
        yield "conversations without an insight / with more than one", (self.missing, self.doubled)
        yield "calls to Grok", self.calls
        yield "share of faulty answers", f"{self.faulty / max(1, self.calls):.1%}"
        yield "kinds of faulty answers", len(self.replies)
        yield "messages sent twice", self.duplicates
        yield "functions killed", self.killed
        yield "trends equal a recount", self.trends_equal_recount
        yield "ticks of insights / billed for kept answers", (self.insight_ticks, self.kept_ticks)
        yield "ticks billed in all", self.billed_ticks
        yield "insights with a bounded bill", self.absurd
        yield "failed as bad_request / refused one by one", (self.refused, self.refusals)
        yield "calls while insights could not be saved", self.unsaved_calls
        yield "damaged items put into the State table", self.damaged_items
        yield "dead letters / conversations used up", (len(self.dead_letters), len(self.used_up))
        yield "fewest calls about a dead letter", self.fewest_calls_of_the_dead
        yield (
            "dead letters redriven and completed",
            (
                self.redriven,
                self.is_right_after_redrive,
            ),
        )
        for outage, probes, closed in zip(
            self.outages, self.probes, self.closed_after_seconds, strict=False
        ):
            name = f"outage of {outage.seconds:.0f} s ({outage.reply})"
            yield f"{name}: calls / allowed", (outage.calls, self.allowed_calls(outage, probes))
            yield f"{name}: in flight at its begin, probes", (outage.in_flight, probes)
            yield f"{name}: circuit closed after it, seconds", round(closed, 1)
        yield "most calls in one second (60 allowed)", self.busiest_second
        yield "budget / spent, ticks", (self.budget_ticks, self.spent_ticks)
        yield (
            "calls begun after the budget was spent / most in flight",
            (
                self.calls_beyond_the_budget,
                self.most_in_flight,
            ),
        )
        yield "log lines / with a text or the key", (self.log_lines, self.leaks)

    def show(self) -> None:
        """Print all figures as a table."""
        table = Table("figure", "value", title="Chaos")
        for meaning, value in self.rows():
            table.add_row(meaning, str(value))
        Console(width=120).print(table)


def run(stack: Stack, client: Client, standin: Standin, dose: Dose) -> Figures:
    """Cause all faults, and return the figures."""
    standin.books.plan.latency_seconds = (0.05, 0.25)
    standin.books.plan.rates = RATES
    # A probe that fails by chance would make the time until the circuit closes a matter of luck.
    standin.books.scripts[digest(PROBE.text)] = deque(["ok"])
    figures = Figures(conversations=dose.conversations)
    begun = time.monotonic()
    texts: dict[str, str] = {}
    for start in range(0, dose.conversations, 500):
        numbers = range(start, min(start + 500, dose.conversations))
        batch = [
            f"My {MARKER} parcel {number} is late, says customer {number}" for number in numbers
        ]
        if start == 0:
            _script(standin, batch, dose)
        results = client.bulk([{"text": text} for text in batch])["results"]
        texts |= {result["id"]: text for result, text in zip(results, batch, strict=True)}
    figures.duplicates = _send_twice(stack, list(texts)[::7])
    _cause_faults(stack, standin, dose, figures)
    until(lambda: len(_ids(stack)) >= dose.conversations, dose.seconds, "every insight")
    figures.seconds = time.monotonic() - begun
    until(lambda: _waiting(stack) == 0, 120, "an empty queue")
    _count(stack, standin, texts, figures)
    _redrive(stack, standin, figures)
    _spend_the_budget(stack, client, standin, figures)
    _read_logs(stack, figures)
    return figures


def _script(standin: Standin, texts: list[str], dose: Dose) -> None:
    """Say which conversations always fail, which are blocked, and which are billed absurdly."""
    rest = iter(texts)
    for count, replies in (
        (dose.hopeless, ["server_error"]),
        (dose.blocked, ["edge_refuses"]),
        (dose.absurd, ["absurd_usage"]),
    ):
        for _ in range(count):
            standin.books.scripts[digest(next(rest))] = deque(replies)


def _send_twice(stack: Stack, ids: list[str]) -> int:
    for identity in ids:
        body = {"conversation_id": identity, "attempt": 1, "enqueued_at": "2026-11-23T10:00:00Z"}
        stack.session.sqs().send_message(
            QueueUrl=stack.name("ANALYSIS_QUEUE_URL"), MessageBody=json.dumps(body)
        )
    return len(ids)


def _cause_faults(stack: Stack, standin: Standin, dose: Dose, figures: Figures) -> None:
    kills = max(1, dose.kills // (len(dose.outages) + 1))
    for number, (seconds, reply) in enumerate(dose.outages):
        _kill(stack, standin, kills, figures)
        until(lambda: _circuit(stack) == "CLOSED" and standin.books.in_flight > 2, 60, "calls")
        standin.books.begin_outage(seconds, reply)
        ended = time.monotonic() + seconds
        time.sleep(seconds)
        until(lambda: _circuit(stack) == "CLOSED", 60, "a closed circuit")
        figures.closed_after_seconds.append(time.monotonic() - ended)
        figures.probes.append(int(seconds / dose.recovery_seconds) + 1)
        for fault in dose.scripted[number :: len(dose.outages)]:
            standin.books.next_replies.append(fault)
            time.sleep(1.0)
    figures.outages = list(standin.books.outages)
    _damage_state(stack, figures)
    if dose.refused_save_seconds:
        _refuse_saves(stack, standin, dose.refused_save_seconds, figures)
    _kill(stack, standin, max(0, dose.kills - figures.killed), figures)


def _damage_state(stack: Stack, figures: Figures) -> None:
    """Put odd items into the State table for a while: some steer, one stops calls."""
    dynamodb, table = stack.session.dynamodb(), stack.name("STATE_TABLE_NAME")
    damaged: list[dict[str, Any]] = [
        {"id": {"S": "batch_size"}, "size": {"S": "many"}},
        {"id": {"S": "pace"}, "next_us": {"N": "99999999999999999999"}},
        {"id": {"S": "credits"}, "since": {"S": "x"}, "until": {"N": "0.5"}},
    ]
    for item in damaged:
        dynamodb.put_item(TableName=table, Item=item)
    figures.damaged_items = len(damaged)
    time.sleep(2.0)
    dynamodb.delete_item(TableName=table, Key={"id": {"S": "credits"}})


def _refuse_saves(stack: Stack, standin: Standin, seconds: float, figures: Figures) -> None:
    """Take the right to write insights from the analysis for some seconds."""
    iam = stack.session.client("iam")
    function = stack.session.functions().get_function_configuration(
        FunctionName=stack.name("ANALYSIS_FUNCTION_NAME")
    )
    role = function["Role"].rsplit("/", 1)[1]
    denial = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Deny",
            "Action": "dynamodb:PutItem",
            "Resource": f"arn:aws:dynamodb:*:*:table/{stack.name('INSIGHTS_TABLE_NAME')}",
        },
    }
    until(lambda: standin.books.in_flight > 0, 60, "a call under way")
    before = len(standin.books.calls)
    iam.put_role_policy(RoleName=role, PolicyName="no-saves", PolicyDocument=json.dumps(denial))
    time.sleep(seconds)
    figures.unsaved_calls = len(standin.books.calls) - before
    iam.delete_role_policy(RoleName=role, PolicyName="no-saves")


def _kill(stack: Stack, standin: Standin, wanted: int, figures: Figures) -> None:
    """Kill function processes as a crash would: one at a time, while calls are running."""
    chance = random.Random(figures.killed)
    for _ in range(wanted):
        time.sleep(chance.uniform(0.3, 1.0))
        until(lambda: standin.books.in_flight > 0, 2 * STORAGE_RETRY_SECONDS, "a call under way")
        workers = _workers(stack.name("ANALYSIS_FUNCTION_NAME"), stack.name("EMULATOR_PID"))
        if workers:
            os.kill(chance.choice(workers), signal.SIGKILL)
            figures.killed += 1


def _workers(function_name: str, emulator_pid: str) -> list[int]:
    """Return the processes of a function: children of this emulator only."""
    listed = subprocess.run(
        ["ps", "-axwwo", "pid=,ppid=,command="], capture_output=True, text=True, check=True
    )
    fields = (line.split(None, 2) for line in listed.stdout.splitlines())
    return [
        int(pid)
        for pid, parent, command in fields
        if parent == emulator_pid and f"ministack-lambda-{function_name}-" in command
    ]


def _circuit(stack: Stack) -> str:
    found = stack.session.dynamodb().get_item(
        TableName=stack.name("STATE_TABLE_NAME"), Key={"id": {"S": "circuit#grok"}}
    )
    return found["Item"]["state"]["S"] if "Item" in found else "CLOSED"


def _ids(stack: Stack) -> list[str]:
    return [item["conversation_id"]["S"] for item in stack.items("INSIGHTS_TABLE_NAME")]


def _waiting(stack: Stack) -> int:
    attributes = stack.session.sqs().get_queue_attributes(
        QueueUrl=stack.name("ANALYSIS_QUEUE_URL"),
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        ],
    )["Attributes"]
    return sum(map(int, attributes.values()))


def _count(stack: Stack, standin: Standin, texts: dict[str, str], figures: Figures) -> None:
    calls = list(standin.books.calls)
    insights = stack.items("INSIGHTS_TABLE_NAME")
    found = Counter(item["conversation_id"]["S"] for item in insights)
    figures.missing = len(texts.keys() - found.keys())
    figures.doubled = sum(count > 1 for count in found.values())
    figures.insights = Counter(item["status"]["S"] for item in insights)
    figures.calls = len(calls)
    faulty = [call for call in calls if not call.is_usable]
    figures.faulty, figures.replies = len(faulty), Counter(call.reply for call in faulty)
    figures.billed_ticks = sum(call.billed_ticks for call in calls)
    figures.refused = sum(item.get("error_code", {}).get("S") == "bad_request" for item in insights)
    figures.refusals = sum(call.reply == "bad_argument" for call in calls)
    figures.busiest_second = _busiest_second(calls)
    figures.most_in_flight = _most_in_flight(calls)
    figures.trends_equal_recount = _trends_are_right(stack)
    _compare_costs(calls, insights, texts, figures)
    _compare_dead_letters(stack, calls, insights, texts, figures)


def _trends_are_right(stack: Stack) -> bool:
    dynamodb = stack.session.dynamodb()
    kept = counted(dynamodb, stack.name("TRENDS_TABLE_NAME"))
    return kept == recount(dynamodb, stack.name("INSIGHTS_TABLE_NAME"))


def _compare_costs(
    calls: list[CallRecord], insights: list[Any], texts: dict[str, str], figures: Figures
) -> None:
    """Find the answer behind each insight: no two answers have the same cost.

    An absurd bill is bounded, so its insight has another cost than the stand-in would bill.
    """
    billed = {(call.conversation, call.billed_ticks): call for call in calls if call.is_usable}
    absurd = {call.conversation for call in calls if call.reply == "absurd_usage"}
    for item in insights:
        if item["status"]["S"] == "completed":
            name = digest(texts[item["conversation_id"]["S"]])
            if name in absurd:
                figures.absurd += 1
                continue
            figures.insight_ticks += number_of(item, "cost_ticks")
            call = billed.get((name, number_of(item, "cost_ticks")))
            figures.unmatched += call is None
            figures.kept_ticks += call.billed_ticks if call else 0


def _compare_dead_letters(
    stack: Stack,
    calls: list[CallRecord],
    insights: list[Any],
    texts: dict[str, str],
    figures: Figures,
) -> None:
    figures.used_up = {
        item["conversation_id"]["S"] for item in insights if number_of(item, "gave_up")
    }
    sqs, url = stack.session.sqs(), stack.name("DEAD_LETTER_QUEUE_URL")
    while received := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=5
    ).get("Messages"):
        bodies = [json.loads(letter["Body"]) for letter in received]
        figures.dead_letters |= {body["conversation_id"] for body in bodies}
    made = Counter(call.conversation for call in calls)
    figures.fewest_calls_of_the_dead = min(
        (made[digest(texts[identity])] for identity in figures.dead_letters), default=0
    )


def _redrive(stack: Stack, standin: Standin, figures: Figures) -> None:
    """Let Grok answer again, and redrive the dead letters with the operators' command."""
    standin.books.plan.rates = {}
    standin.books.scripts.clear()
    time.sleep(6)
    urls = stack.name("DEAD_LETTER_QUEUE_URL"), stack.name("ANALYSIS_QUEUE_URL")
    redrive(stack.session.sqs(), *urls, now=datetime.now(UTC))

    def completed() -> set[str]:
        items = stack.items("INSIGHTS_TABLE_NAME")
        return {
            item["conversation_id"]["S"] for item in items if item["status"]["S"] == "completed"
        }

    until(lambda: figures.dead_letters <= completed(), 60, "the insights of redriven conversations")
    figures.redriven = len(figures.dead_letters)
    figures.is_right_after_redrive = _trends_are_right(stack)


def _busiest_second(calls: list[CallRecord]) -> int:
    starts = sorted(call.began_at for call in calls)
    most = first = 0
    for last, start in enumerate(starts):
        while start - starts[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def _most_in_flight(calls: list[CallRecord]) -> int:
    events = [(call.began_at, 1) for call in calls] + [(call.ended_at, -1) for call in calls]
    now = most = 0
    for _, step in sorted(events):
        now += step
        most = max(most, now)
    return most


def _spend_the_budget(stack: Stack, client: Client, standin: Standin, figures: Figures) -> None:
    """Leave the day's budget for about twenty calls, and send a hundred conversations."""
    before = len(standin.books.calls)
    usual = max(call.billed_ticks for call in standin.books.calls)
    figures.budget_ticks = 20 * usual
    _set_spend(stack, 100 * 10**10 - figures.budget_ticks)
    client.bulk([{"text": f"My {MARKER} parcel is late again, {n}"} for n in range(100)])
    spent = _stable(lambda: len(standin.books.calls))
    calls = standin.books.calls[before:spent]
    figures.spent_ticks = sum(call.billed_ticks for call in calls)
    figures.dearest_call_ticks = max(call.billed_ticks for call in calls)
    figures.calls_beyond_the_budget = _begun_after_spending(calls, figures.budget_ticks)


def _begun_after_spending(calls: list[CallRecord], budget_ticks: int) -> int:
    """Return the calls that began after the budget was spent, with bills in order of arrival."""
    spent = beyond = 0
    for call in calls:
        beyond += spent >= budget_ticks
        spent += call.billed_ticks
    return beyond


def _set_spend(stack: Stack, ticks: int) -> None:
    dynamodb, table = stack.session.dynamodb(), stack.name("STATE_TABLE_NAME")
    for item in stack.items("STATE_TABLE_NAME"):
        if item["id"]["S"].startswith("spend#"):
            item["ticks"] = {"N": str(ticks)}
            dynamodb.put_item(TableName=table, Item=item)


def _stable(number: Callable[[], int]) -> int:
    """Return a number that has not changed for three seconds."""
    known, since = number(), time.monotonic()
    while time.monotonic() - since < 3:
        time.sleep(0.2)
        if number() != known:
            known, since = number(), time.monotonic()
    return known


def _read_logs(stack: Stack, figures: Figures) -> None:
    """Search every log line for the texts and the key; a search returns at most 10,000 lines."""
    logs = stack.session.logs()
    end = int(time.time() * 1000)
    for group in logs.describe_log_groups()["logGroups"]:
        for start in range(group["creationTime"], end, LOG_WINDOW_MS):
            found = logs.filter_log_events(
                logGroupName=group["logGroupName"], startTime=start, endTime=start + LOG_WINDOW_MS
            )["events"]
            assert len(found) < 10_000
            lines = [event["message"] for event in found]
            figures.log_lines += len(lines)
            figures.leaks += sum(MARKER in line.lower() or KEY in line for line in lines)
