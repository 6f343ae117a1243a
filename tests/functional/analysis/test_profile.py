"""The analysis uses the active profile: versions, segments and proposed topics."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from moto import mock_aws

from grok_insights import wiring
from grok_insights.analysis.batch import BatchAnalysis
from grok_insights.analysis.report import Report
from grok_insights.aws.state.segment_values import SegmentValues
from grok_insights.domain.conversation import Conversation
from grok_insights.domain.insight import Analysis, Cost, Failure, Insight, Sentiment
from grok_insights.domain.profile import BUILT_IN, NewProfile, Profile
from grok_insights.domain.segments import MAX_SEGMENT_VALUES, ActiveProfile
from grok_insights.errors import PermanentError
from grok_insights.grok.analyzer import Analyzer, Answer
from grok_insights.grok.mock import MockGrok
from grok_insights.grok.prompt import Prompt
from grok_insights.wiring import Parts
from tests.functional.analysis.conftest import NewWorker
from tests.functional.conftest import make_parts
from tests.functional.worker import RunningClock, Worker, message

SEGMENTED = NewProfile(note="by channel", segments=("channel",))
FIELDS = NewProfile.model_validate(
    {
        "topics": {
            "mode": "closed",
            "labels": [{"name": name} for name in ("refund", "delivery", "praise")],
        },
        "fields": [
            {"name": "resolved", "type": "boolean"},
            {"name": "churn_risk", "type": "enum", "values": ["low", "high"]},
            {"name": "effort", "type": "integer", "minimum": 1, "maximum": 5},
            {"name": "competitor", "type": "text"},
        ],
        "segments": ["channel"],
    }
)


def put(parts: Parts, new: NewProfile, *, activate: bool = True) -> Profile:
    """Store a version of the profile, and activate it."""
    changes = wiring.ingest(parts).profile
    return changes.put(new, lambda _: None, activate=activate).profile


def activate(parts: Parts, version: int) -> None:
    wiring.ingest(parts).profile.activate(version, lambda _: None)


@dataclass(frozen=True)
class Asking:
    """An analyzer whose analysis shows the profile that it was asked with.

    It calls ``before`` with the number of the call, and fails for texts with ``refuse``.
    """

    inner: MockGrok = field(default_factory=lambda: MockGrok(0.0))
    profiles: list[Profile] = field(default_factory=list)
    before: list[Any] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def analyse(self, prompt: Prompt) -> Answer:
        self.profiles.append(prompt.profile)
        for action in self.before:
            action(len(self.profiles))
        if "refuse" in prompt.text:
            raise PermanentError("refused", "Grok refused to answer")
        fields = {one.name: None for one in prompt.profile.fields}
        proposed = prompt.text.removeprefix("propose ") if "propose" in prompt.text else None
        summary = f"version {prompt.profile.version}"
        analysis = Analysis(summary, Sentiment.NEUTRAL, (), fields=fields, proposed_topic=proposed)
        return Answer(analysis, Cost(), "mock", True, 0.0, "1")


@dataclass
class Environment:
    """One execution environment of the analysis, and what its insights are."""

    parts: Parts
    asking: Asking = field(default_factory=Asking)
    analysis: BatchAnalysis = field(init=False)

    def __post_init__(self) -> None:
        analyzer: Analyzer = self.asking
        self.analysis = wiring.analysis(self.parts, analyzer)

    def run(self, *conversations: Conversation) -> list[Insight]:
        return sorted(self.report(*conversations).saved, key=lambda one: one.conversation_id)

    def report(self, *conversations: Conversation) -> Report:
        self.parts.conversations.add(conversations)
        messages = [message(one.id) for one in conversations]
        return self.analysis.batch(messages, remaining_seconds=lambda: 60.0)

    def segments(self, *conversations: Conversation) -> list[str | None]:
        return [one.segments.get("channel") for one in self.run(*conversations)]


def conversation(number: int, text: str = "Hello", **metadata: Any) -> Conversation:
    now = datetime.now(UTC)
    identity = f"{number:08x}-3c1f-5f0e-8f57-2f9d3c0f4a11"
    return Conversation(identity, text, now, now, metadata=metadata)


@pytest.fixture
def parts(clock: RunningClock) -> Iterator[Parts]:
    with mock_aws():
        yield make_parts(clock, GROK_MODE="mock")


@pytest.fixture
def environment(parts: Parts) -> Environment:
    return Environment(parts)


def requests_of(parts: Parts) -> list[str]:
    """Return a list that gets the ids of the items of the State table that are read from now on."""
    asked: list[str] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name == "BatchGetItem":
            tables = params.get("RequestItems", {})
            keys = tables.get(parts.settings.state_table, {}).get("Keys", [])
            asked.extend(key["id"]["S"] for key in keys)

    parts.dynamodb.meta.events.register("provide-client-params.dynamodb.BatchGetItem", note)
    return asked


def test_without_a_stored_profile_the_built_in_one_is_used(environment: Environment) -> None:
    [insight] = environment.run(conversation(1))
    assert (environment.asking.profiles, insight.origin.profile_version) == ([BUILT_IN], 1)


def test_a_draft_is_not_used(environment: Environment) -> None:
    put(environment.parts, SEGMENTED, activate=False)
    [insight] = environment.run(conversation(1, channel="chat"))
    assert (insight.origin.profile_version, insight.segments) == (1, {})


def test_completed_and_failed_insights_name_the_version_and_the_segments(
    environment: Environment,
) -> None:
    put(environment.parts, SEGMENTED)
    completed, failed = environment.run(
        conversation(1, channel="chat"), conversation(2, "refuse", channel="mail")
    )
    assert isinstance(failed.outcome, Failure)
    assert [one.origin.profile_version for one in (completed, failed)] == [2, 2]
    assert [one.segments for one in (completed, failed)] == [
        {"channel": "chat"},
        {"channel": "mail"},
    ]


def test_an_activated_version_is_used_by_the_next_batch_and_read_once(
    environment: Environment,
) -> None:
    environment.run(conversation(1))
    put(environment.parts, SEGMENTED)
    asked = requests_of(environment.parts)
    for number in range(2, 5):
        [insight] = environment.run(conversation(number))
        assert insight.origin.profile_version == 2
    assert (asked.count("profile"), asked.count("profile#2")) == (3, 1)


def test_going_back_uses_the_old_version(environment: Environment) -> None:
    put(environment.parts, SEGMENTED)
    environment.run(conversation(1))
    activate(environment.parts, 1)
    [insight] = environment.run(conversation(2, channel="chat"))
    assert (insight.origin.profile_version, insight.segments) == (1, {})


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("profile", {"active": {"S": "2"}, "newest": {"N": "2"}}),
        ("profile#2", {"document": {"S": "{}"}}),
        ("profile#2", {}),
        ("segment#channel", {"seen": {"L": []}}),
    ],
)
def test_a_damaged_profile_stops_calls_and_health_names_it(
    environment: Environment, name: str, item: dict[str, Any]
) -> None:
    put(environment.parts, SEGMENTED)
    state = environment.parts.settings.state_table
    environment.parts.dynamodb.put_item(TableName=state, Item={"id": {"S": name}, **item})
    report = environment.report(conversation(1))
    assert (environment.asking.profiles, report.deferred) == ([], 1)
    health = wiring.query(environment.parts).health()
    assert not health.healthy
    assert health.body["worker"]["reason"] == "state_unreadable"
    assert health.body["worker"]["detail"].startswith(f"item {name} of the State table: ")


def test_a_repaired_profile_is_used_again(environment: Environment) -> None:
    put(environment.parts, SEGMENTED)
    state = environment.parts.settings.state_table
    key = {"id": {"S": "profile#2"}}
    stored = environment.parts.dynamodb.get_item(TableName=state, Key=key)["Item"]
    environment.parts.dynamodb.delete_item(TableName=state, Key=key)
    assert environment.run(conversation(1)) == []
    environment.parts.dynamodb.put_item(TableName=state, Item=stored)
    [insight] = environment.run(conversation(1))
    assert insight.origin.profile_version == 2


def test_a_wave_uses_one_version_and_the_next_wave_the_new_one(environment: Environment) -> None:
    def change(call: int) -> None:
        if call == 2:
            put(environment.parts, SEGMENTED)

    environment.asking.before.append(change)
    insights = environment.run(*(conversation(number) for number in range(12)))
    versions = Counter(one.origin.profile_version for one in insights)
    assert versions == {1: 5, 2: 7}


def test_500_conversations_in_flight_are_each_analysed_with_one_version(parts: Parts) -> None:
    environments = [Environment(parts), Environment(parts)]
    shared = environments[0].asking.profiles

    def change(_: int) -> None:
        calls = sum(len(one.asking.profiles) for one in environments)
        if calls == 120:
            put(parts, FIELDS)
        if calls == 360:
            activate(parts, 1)

    for one in environments:
        one.asking.before.append(change)
    batches = [range(start, start + 50) for start in range(0, 500, 50)]
    insights: list[Insight] = []
    for at, numbers in enumerate(batches):
        sent = [conversation(number, channel=f"c{number % 3}") for number in numbers]
        insights += environments[at % 2].run(*sent)
    assert len({one.conversation_id for one in insights}) == 500
    for insight in insights:
        version = insight.origin.profile_version
        analysis = insight.outcome
        assert isinstance(analysis, Analysis)
        assert analysis.summary == f"version {version}"
        assert len(analysis.fields) == {1: 0, 2: 4}[version]
        assert bool(insight.segments) == (version == 2)
    versions = Counter(one.origin.profile_version for one in insights)
    assert versions[2] > 150
    assert versions[1] > 150
    assert {one.version for one in shared} == {1, 2}


def test_a_probe_asks_with_the_active_profile(new_worker: NewWorker, clock: RunningClock) -> None:
    seen: list[tuple[str, int]] = []

    @dataclass(frozen=True)
    class Noting:
        inner: Analyzer

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def analyse(self, prompt: Prompt) -> Answer:
            seen.append((prompt.conversation_id, prompt.profile.version))
            return self.inner.analyse(replace(prompt, profile=BUILT_IN))

    worker: Worker = new_worker(Noting)
    put(worker.parts, SEGMENTED)
    worker.parts.dynamodb.put_item(
        TableName=worker.parts.settings.state_table,
        Item={"id": {"S": "circuit#grok"}, "state": {"S": "OPEN"}, "opened_at": {"N": "1"}},
    )
    one = worker.conversation("text")
    worker.run(one)
    assert seen[0] == ("probe", 2)


def test_the_first_50_values_of_a_segment_are_kept_and_later_ones_are_other(
    environment: Environment,
) -> None:
    put(environment.parts, SEGMENTED)
    first = [conversation(number, channel=f"v{number:02}") for number in range(MAX_SEGMENT_VALUES)]
    assert environment.segments(*first) == [f"v{number:02}" for number in range(50)]
    later = [conversation(100, channel="new"), conversation(101, channel="v07")]
    assert environment.segments(*later) == ["other", "v07"]


def test_two_environments_admit_50_values_together(clock: RunningClock) -> None:
    with mock_aws():
        parts = make_parts(clock, GROK_MODE="mock", MAX_BATCH_SIZE="10")
        put(parts, SEGMENTED)
        first, second = Environment(parts), Environment(parts)
        first.run(*(conversation(number, channel=f"a{number}") for number in range(30)))
        of_second: list[str | None] = []

        def run_second(call: int) -> None:
            if call == 31:
                sent = [conversation(number, channel=f"b{number}") for number in range(40, 60)]
                of_second.extend(second.segments(*sent))

        first.asking.before.append(run_second)
        of_first = first.segments(
            *(conversation(number, channel=f"c{number}") for number in range(70, 90))
        )
        kept = {*of_first, *of_second} - {"other"}
        assert len([one for one in of_second if one != "other"]) == 10
        assert kept | {f"a{number}" for number in range(30)} == known_values(parts)
        assert len(known_values(parts)) == MAX_SEGMENT_VALUES


def known_values(parts: Parts) -> set[str]:
    item = parts.dynamodb.get_item(
        TableName=parts.settings.state_table, Key={"id": {"S": "segment#channel"}}
    )["Item"]
    return set(item["seen"]["SS"])


def test_an_environment_that_does_not_know_the_last_values_adds_none_beyond_50(
    parts: Parts,
) -> None:
    values = SegmentValues(parts.dynamodb, parts.settings.state_table)
    profile = Profile(version=2, **dict(SEGMENTED))
    sent = [conversation(number, channel=f"v{number}") for number in range(60)]
    values.admit(ActiveProfile(profile), sent[:49])
    stale = ActiveProfile(profile, {"channel": frozenset(f"v{number}" for number in range(48))})
    active = values.admit(ActiveProfile(profile), sent[49:50])
    assert len(active.values["channel"]) == 50
    stale = values.admit(stale, sent[48:])
    assert known_values(parts) == stale.values["channel"] == {f"v{one}" for one in range(50)}
    assert stale.segments(sent[49]) == {"channel": "v49"}
    assert stale.segments(sent[50]) == {"channel": "other"}


def test_values_that_cannot_be_stored_stop_the_wave_and_lose_nothing(
    new_worker: NewWorker,
) -> None:
    worker: Worker = new_worker()
    put(worker.parts, SEGMENTED)
    worker.parts.conversations.add([conversation(1, channel="chat")])
    with worker.refusing("UpdateItem", "segment#channel"):
        assert worker.run(message(conversation(1).id)) == []
    assert (worker.standin.books.calls, len(worker.sent())) == ([], 1)


def test_proposed_topics_are_counted_once_for_each_saved_insight(
    environment: Environment,
) -> None:
    sent = [conversation(number, "propose broken_lid") for number in range(3)]
    environment.run(*sent, conversation(4, "propose Not A Label"), conversation(5, "refuse"))
    environment.run(*sent)
    assert environment.parts.proposals.all() == Counter(broken_lid=3)


def test_the_most_frequent_proposals_are_kept(parts: Parts) -> None:
    for start in range(0, 240, 40):
        parts.proposals.add(Counter({f"n{one:03}": one + 1 for one in range(start, start + 40)}))
    stored = parts.proposals.all()
    assert len(stored) <= 200
    assert stored["n239"] == 240
    assert stored["n000"] == 0


def test_an_analysis_continues_if_proposals_cannot_be_counted(
    environment: Environment,
) -> None:
    environment.parts.dynamodb.put_item(
        TableName=environment.parts.settings.state_table,
        Item={"id": {"S": "proposals"}, "topic:broken_lid": {"S": "x"}},
    )
    assert len(environment.run(conversation(1, "propose broken_lid"))) == 1
    assert environment.parts.proposals.all() == Counter()


def test_the_stored_document_is_compact_json(parts: Parts) -> None:
    put(parts, FIELDS)
    stored = parts.dynamodb.get_item(
        TableName=parts.settings.state_table, Key={"id": {"S": "profile#2"}}
    )["Item"]
    document = json.loads(stored["document"]["S"])
    assert (document["version"], document["segments"]) == (2, ["channel"])
