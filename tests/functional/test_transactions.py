"""Transactions lose as little as possible: conflicts, invalid entries, sizes and shards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Any
from uuid import UUID

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from grok_insights.aws.dynamodb.transactions import Transactions
from grok_insights.aws.ledger import Entry, Ledger
from grok_insights.domain.conversation import Conversation
from grok_insights.domain.insight import Analysis, Failure, Insight, Sentiment, Status
from grok_insights.wiring import Parts
from tests import recount
from tests.builders import LIFETIME, NOW, insight

EMULATORS_LIMIT = 4 * 1024 * 1024
"""Bytes of the request's JSON in ASCII. DynamoDB itself counts UTF-8, which is less."""


@pytest.fixture
def ledger(parts: Parts) -> Ledger:
    return parts.ledger


def named(number: int, **overrides: Any) -> Insight:
    return insight(conversation_id=str(UUID(int=number)), **overrides)


def entries(*insights: Insight) -> list[Entry]:
    return [Entry(one, LIFETIME) for one in insights]


def failing(parts: Parts, respond: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
    """Make some transactions fail with the error that ``respond`` returns for the request."""

    def before_call(model: Any, params: dict[str, Any], **_: Any) -> Any:
        if model.name != "TransactWriteItems":
            return None
        found = respond(json.loads(params["body"]))
        return found and (AWSResponse("https://localhost", 400, HTTPHeaders(), None), found)

    parts.dynamodb.meta.events.register_last("before-call", before_call)


def error(code: str, *reasons: str) -> dict[str, Any]:
    found: dict[str, Any] = {"Error": {"Code": code, "Message": "secret"}}
    return found | ({"CancellationReasons": [{"Code": one} for one in reasons]} if reasons else {})


def refuses_model(model: str) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    """Make DynamoDB refuse every insight of this model."""
    return lambda request: error("ValidationException") if model in json.dumps(request) else None


def test_of_a_wave_with_one_invalid_insight_the_others_are_saved_and_it_ends_as_failed(
    parts: Parts, ledger: Ledger
) -> None:
    culprit = named(3, origin=insight().origin.__class__("bad-model", False, 0.2, 2, "1", 1))
    failing(parts, refuses_model("bad-model"))
    wave = [named(number) for number in range(7) if number != 3]
    result = ledger.save(entries(*wave[:3], culprit, *wave[3:]))
    assert len(result.saved) == 7
    assert not result.unsaved
    ended = result.saved[culprit.conversation_id]
    assert isinstance(ended.outcome, Failure)
    assert (ended.outcome.code, ended.outcome.gave_up) == ("unstorable", True)
    assert (ended.origin.attempts, ended.origin.redrives) == (2, 1)
    stored = parts.insights.stored(culprit.conversation_id)
    assert stored is not None
    assert stored.status is Status.FAILED
    counted = recount.counted(parts.dynamodb, parts.settings.trends_table)
    assert counted == recount.recount(parts.dynamodb, parts.settings.insights_table)


def test_an_entry_that_dynamodb_names_as_invalid_is_taken_out_at_once(
    parts: Parts, ledger: Ledger
) -> None:
    requests: list[int] = []

    def respond(request: dict[str, Any]) -> dict[str, Any] | None:
        actions = request["TransactItems"]
        requests.append(len(actions))
        codes = ["ValidationError" if "bad-model" in json.dumps(one) else "None" for one in actions]
        return error("TransactionCanceledException", *codes) if "ValidationError" in codes else None

    failing(parts, respond)
    culprit = named(1, origin=insight().origin.__class__("bad-model", False, 0.2, 1, "1"))
    assert len(ledger.save(entries(named(0), culprit, named(2))).saved) == 3
    assert len(requests) == 3


@pytest.mark.parametrize(
    "overrides",
    [
        {"outcome": Analysis("late " * 100_000, Sentiment.NEGATIVE, ())},
        {"processing_time_ms": 10**5_000},
    ],
    ids=["an item that is too large", "a huge number"],
)
def test_what_no_table_can_hold_ends_as_failed(
    parts: Parts, ledger: Ledger, overrides: dict[str, Any]
) -> None:
    culprit = named(1, **overrides)
    result = ledger.save(entries(named(0), culprit))
    assert result.saved[culprit.conversation_id].outcome.code == "unstorable"  # type: ignore[union-attr]
    assert result.saved[named(0).conversation_id] == named(0)


def test_if_dynamodb_refuses_even_the_failed_insight_the_entry_is_unsaved_and_nothing_loops(
    parts: Parts, ledger: Ledger
) -> None:
    requests: list[Any] = []

    def respond(request: dict[str, Any]) -> dict[str, Any]:
        requests.append(request)
        return error("ValidationException")

    failing(parts, respond)
    result = ledger.save(entries(named(0), named(1)))
    assert {one.insight.conversation_id for one in result.unsaved} == {
        named(0).conversation_id,
        named(1).conversation_id,
    }
    assert len(requests) < 10


def test_a_transaction_that_fails_leaves_the_others_saved(parts: Parts, ledger: Ledger) -> None:
    def respond(request: dict[str, Any]) -> dict[str, Any] | None:
        return error("AccessDeniedException") if str(UUID(int=0)) in json.dumps(request) else None

    failing(parts, respond)
    wave = [
        named(number, outcome=Analysis("Late.", Sentiment.NEGATIVE, (f"topic_{number}",)))
        for number in range(50)
    ]
    result = ledger.save(entries(*wave))
    assert result.saved
    assert result.unsaved
    assert len(result.saved) + len(result.unsaved) == 50


def test_no_error_of_dynamodb_reaches_the_log_with_its_words(
    parts: Parts, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    failing(parts, lambda _: error("AccessDeniedException"))
    ledger.save(entries(named(0)))
    said = str([vars(record) for record in caplog.records])
    assert "AccessDeniedException" in said
    assert "secret" not in said


def test_transactions_of_one_save_never_meet_on_a_shard_of_the_counters(
    parts: Parts, ledger: Ledger
) -> None:
    lock, active, most, met = Lock(), Counter[str](), [0], []

    def shards_of(params: dict[str, Any]) -> set[str]:
        updates = [one["Update"]["Key"] for one in params["TransactItems"] if "Update" in one]
        return {key["bucket"]["S"].rsplit("#", 1)[1] for key in updates}

    def begin(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        with lock:
            [shard] = context["shards"] = shards_of(params)
            met.append(active[shard])
            active[shard] += 1
            most[0] = max(most[0], active.total())

    def end(context: dict[str, Any], **_: Any) -> None:
        with lock:
            active.subtract(context["shards"])

    events = parts.dynamodb.meta.events
    events.register_first("provide-client-params.dynamodb.TransactWriteItems", begin)
    events.register_last("after-call.dynamodb.TransactWriteItems", end)
    wave = [
        named(
            number,
            outcome=Analysis(
                "Late.", Sentiment.NEGATIVE, tuple(f"topic_{number}_{n}" for n in range(5))
            ),
        )
        for number in range(80)
    ]
    assert len(ledger.save(entries(*wave)).saved) == 80
    assert len(met) > 2 * parts.trends.shards
    assert not any(met)
    assert most[0] > 1


def texts(count: int, text: str) -> list[Conversation]:
    return [Conversation(str(UUID(int=number)), text, NOW, NOW) for number in range(count)]


@pytest.mark.parametrize(
    ("text", "most_transactions"),
    [
        ("д" * 7_000, 2),
        ("\U0001f600" * 20_000, 8),
        ("x" * 100_000, 4),
        ('"\n' * 50_000, 8),
        ("short", 1),
    ],
    ids=["Cyrillic", "emoji", "ASCII", "escapes", "short"],
)
def test_a_hundred_texts_of_any_script_fit_into_transactions(
    parts: Parts, text: str, most_transactions: int
) -> None:
    sizes: list[int] = []

    def note(model: Any, params: dict[str, Any], **_: Any) -> None:
        if model.name == "TransactWriteItems":
            sizes.append(len(params["body"]))

    parts.dynamodb.meta.events.register_last("before-call", note)
    assert len(parts.conversations.add(texts(100, text)).stored) == 100
    assert max(sizes) <= EMULATORS_LIMIT
    assert len(sizes) <= most_transactions


def test_a_transaction_that_is_too_large_after_all_is_written_in_halves(parts: Parts) -> None:
    def respond(request: dict[str, Any]) -> dict[str, Any] | None:
        return error("ValidationException") if len(request["TransactItems"]) > 10 else None

    failing(parts, respond)
    assert len(parts.conversations.add(texts(100, "Hi")).stored) == 100


def test_conflicts_without_end_leave_the_entries_for_later(parts: Parts) -> None:
    failing(parts, lambda _: error("TransactionCanceledException", "TransactionConflict"))
    waits: list[float] = []
    transactions = Transactions(parts.dynamodb, sleep=waits.append)
    put: Any = {"Put": {"TableName": parts.settings.state_table, "Item": {"id": {"S": "x"}}}}
    assert transactions.write(["x"], lambda _: [put]).failed == ["x"]
    assert len(waits) == 9
