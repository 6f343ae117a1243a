"""Small rules: ids, input, money, limits, shards, cursors and settings."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import ValidationError

from grok_insights.analysis import batch_size
from grok_insights.analysis.admission import SAVING_SECONDS
from grok_insights.analysis.batch_size import BatchSizeLimits
from grok_insights.aws.dynamodb.shards import shard_of
from grok_insights.domain import pricing, timestamps
from grok_insights.domain.conversation import conversation_id
from grok_insights.domain.insight import Analysis, Quote, Sentiment, tally
from grok_insights.domain.new_conversation import NewConversation
from grok_insights.errors import BadRequest, SettingsError
from grok_insights.flow.rate_limit import RateLimit, client_of
from grok_insights.query.cursor import Cursors
from grok_insights.settings import BATCH_OVERHEAD_SECONDS, Settings
from tests.builders import LIFETIME, NOW, environment, failed_insight, insight

LIMITS = BatchSizeLimits(smallest=5, largest=50)


def test_the_same_external_id_always_gives_the_same_id() -> None:
    assert conversation_id("ticket-1", uuid4) == conversation_id("ticket-1", uuid4)
    assert conversation_id("ticket-1", uuid4) != conversation_id("ticket-2", uuid4)


def test_a_conversation_without_external_id_gets_a_random_id() -> None:
    random = UUID("4dd0e8fa-94f0-4d6b-a8c5-a2c7b1c7a5a0")
    assert conversation_id(None, lambda: random) == str(random)


@given(st.text())
def test_every_text_is_either_stored_as_it_came_or_refused(text: str) -> None:
    try:
        assert NewConversation.model_validate({"text": text}).text == text
    except ValidationError:
        assert not text.strip()


def test_a_text_that_no_item_could_hold_is_refused() -> None:
    with pytest.raises(ValidationError, match="380000 bytes"):
        NewConversation.model_validate({"text": "\N{GRINNING FACE}" * 95_001})


def test_what_a_client_sent_is_not_repeated_in_an_error() -> None:
    with pytest.raises(ValidationError) as caught:
        NewConversation.model_validate({"text": "", "metadata": {"secret": "x" * 9_000}})
    assert "xxx" not in str(caught.value)


def test_a_failed_insight_has_an_error_instead_of_the_analysis() -> None:
    shown = failed_insight().as_json()
    assert shown["status"] == "failed"
    assert shown["error"] == {"code": "refused", "message": "Grok refused to answer"}
    assert not {"summary", "sentiment", "topics"} & shown.keys()


def test_a_completed_insight_shows_all_fields_of_the_contract() -> None:
    shown = insight(external_id="t-1").as_json()
    assert shown["id"] == shown["conversation_id"]
    assert shown["external_id"] == "t-1"
    assert shown["created_at"] == "2026-11-23T10:15:00.000Z"
    assert shown["estimated_cost"] == "$0.00017"
    assert shown["topics"] == ["delivery", "refund"]
    assert shown["meta"]["cost_source"] == "reported"


def test_an_insight_shows_what_the_profile_asks_for_and_nothing_that_it_does_not() -> None:
    outcome = Analysis(
        "Late.",
        Sentiment.NEGATIVE,
        ("refund",),
        {"resolved": False, "churn_risk": None},
        {"competitor": "Acme"},
        (Quote("Late", 0, 4), Quote("again", 3, 8, 1)),
        unverified_quotes=2,
    )
    shown = insight(outcome=outcome, segments={"channel": "chat"}).as_json()
    assert shown["fields"] == {"resolved": False, "churn_risk": None, "competitor": "Acme"}
    assert shown["quotes"] == [
        {"text": "Late", "start": 0, "end": 4},
        {"text": "again", "start": 3, "end": 8, "turn": 1},
    ]
    assert shown["segments"] == {"channel": "chat"}
    assert (shown["meta"]["profile_version"], shown["meta"]["unverified_quotes"]) == (1, 2)
    plain = insight().as_json()
    assert not {"fields", "quotes", "segments"} & plain.keys()
    assert "unverified_quotes" not in plain["meta"]


def test_the_labels_of_an_insight_are_its_topics_counted_fields_and_segments() -> None:
    outcome = Analysis(
        "Late.",
        Sentiment.NEGATIVE,
        ("refund", "delivery"),
        {"resolved": True, "effort": 3, "churn_risk": None},
        {"competitor": "Acme"},
    )
    counted = tally(insight(outcome=outcome, segments={"channel": "chat"}), LIFETIME.expires_at)
    assert list(map(str, counted.labels)) == [
        "topic:refund",
        "topic:delivery",
        "field.resolved:true",
        "field.effort:3",
        "segment.channel:chat",
    ]


def test_a_failed_insight_counts_as_failed_and_has_no_labels() -> None:
    counted = tally(failed_insight(segments={"channel": "chat"}), LIFETIME.expires_at)
    assert (counted.kind, counted.labels) == ("failed", ())


@given(st.datetimes(timezones=st.just(NOW.tzinfo)))
def test_timestamps_sort_as_text_and_come_back(instant: object) -> None:
    text = timestamps.to_text(instant)  # type: ignore[arg-type]
    assert timestamps.to_text(timestamps.from_text(text)) == text
    assert len(text) == len("2026-11-23T10:15:00.000Z")


def test_two_thousandths_of_a_dollar_for_1000_tokens() -> None:
    assert pricing.ticks(85, Decimal("0.002")) == 1_700_000
    assert pricing.dollars(1_700_000) == "$0.00017"


@given(st.text())
def test_every_text_has_at_least_one_token(text: str) -> None:
    assert pricing.estimated_tokens(text) >= max(1, len(text) // 4)


@given(st.integers(1, 100), st.integers(0, 100))
def test_the_batch_size_never_leaves_its_limits(size: int, wave: int) -> None:
    for after in (
        batch_size.after_success(size, wave, LIMITS),
        batch_size.after_trouble(size, LIMITS),
    ):
        assert 5 <= after <= 50


def test_the_batch_size_grows_only_when_a_wave_was_full() -> None:
    assert batch_size.after_success(10, 10, LIMITS) == 20
    assert batch_size.after_success(10, 3, LIMITS) == 10


def test_errors_halve_the_batch_size() -> None:
    assert batch_size.after_trouble(40, LIMITS) == 20


@given(st.floats(0, 4e9), st.integers(1, 1000), st.integers(1, 86_400))
def test_a_window_contains_the_instant_that_it_is_made_for(
    now: float, requests: int, width: int
) -> None:
    window = RateLimit(requests, width).window(now)
    assert window.start <= now < window.end + 1
    assert window.decision(requests, now).allowed
    assert not window.decision(requests + 1, now).allowed
    assert 1 <= window.decision(1, now).reset_seconds <= width


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("test-invoke-source-ip", "test-invoke-source-ip"),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_network(address: str, client: str) -> None:
    assert client_of(address) == client


@given(st.uuids(), st.integers(1, 32))
def test_an_id_always_has_the_same_shard(identity: UUID, shards: int) -> None:
    assert 0 <= shard_of(str(identity), shards) < shards
    assert shard_of(str(identity), shards) == shard_of(str(identity), shards)


def test_a_cursor_opens_for_its_query_alone() -> None:
    cursors = Cursors(b"key")
    cursor = cursors.seal("a position", query="newest")
    assert cursors.open(cursor, query="newest") == "a position"
    with pytest.raises(BadRequest):
        cursors.open(cursor, query="another")
    with pytest.raises(BadRequest):
        Cursors(b"another key").open(cursor, query="newest")


@given(st.text(max_size=80))
def test_no_made_up_cursor_opens(cursor: str) -> None:
    with pytest.raises(BadRequest):
        Cursors(b"key").open(cursor, query="newest")


def test_all_faults_of_the_settings_are_in_one_message_and_no_value_is() -> None:
    broken = environment(GROK_MODE="secret-mode", MAX_ATTEMPTS="0", STATE_TABLE="")
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(broken)
    message = str(caught.value)
    assert all(name in message for name in ("GROK_MODE", "MAX_ATTEMPTS", "STATE_TABLE"))
    assert "secret-mode" not in message


def test_batch_sizes_must_be_in_order() -> None:
    with pytest.raises(SettingsError, match="MIN_BATCH_SIZE"):
        Settings.from_env(environment(MIN_BATCH_SIZE="20", MAX_BATCH_SIZE="10"))


@pytest.mark.parametrize(("batch", "call"), [("5", "30"), ("10", "30"), ("30", "30"), ("30", "28")])
def test_a_batch_that_no_call_could_end_in_is_refused(batch: str, call: str) -> None:
    given = {"ANALYSIS_TIMEOUT_SECONDS": batch, "GROK_TIMEOUT_SECONDS": call}
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environment(GROK_MODE="real", **given))
    assert str(caught.value) == (
        "the settings are not valid: ANALYSIS_TIMEOUT_SECONDS must be at least 3 more than"
        " GROK_TIMEOUT_SECONDS, or no call could end before the function does"
    )


def test_a_batch_must_outlast_a_call_of_the_mode_that_is_set() -> None:
    Settings.from_env(environment(ANALYSIS_TIMEOUT_SECONDS="5"))
    Settings.from_env(
        environment(GROK_MODE="real", ANALYSIS_TIMEOUT_SECONDS="30", GROK_TIMEOUT_SECONDS="27")
    )
    with pytest.raises(SettingsError, match="GROK_MOCK_MAX_LATENCY_SECONDS"):
        Settings.from_env(
            environment(ANALYSIS_TIMEOUT_SECONDS="10", GROK_MOCK_MAX_LATENCY_SECONDS="8")
        )


def test_what_is_kept_free_for_a_batch_itself_covers_saving() -> None:
    assert BATCH_OVERHEAD_SECONDS > SAVING_SECONDS


def test_conversations_outlive_what_the_queue_holds() -> None:
    with pytest.raises(SettingsError, match="RETENTION_DAYS"):
        Settings.from_env(environment(RETENTION_DAYS="14"))


@pytest.mark.parametrize("prompt", ["p" * 1_600, "\N{GREEK SMALL LETTER PI}" * 800, "\n" * 800])
def test_a_system_prompt_is_measured_in_bytes_as_lambda_measures_it(prompt: str) -> None:
    Settings.from_env(environment(GROK_SYSTEM_PROMPT=prompt))
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environment(GROK_SYSTEM_PROMPT=prompt + "x"))
    assert str(caught.value) == (
        "the settings are not valid: GROK_SYSTEM_PROMPT: must have at most 1600 bytes in UTF-8,"
        " where a line break or a quotation mark counts as two, and has 1601"
    )
