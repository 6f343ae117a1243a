"""Flow rules: backoff, pauses, pace, budget, and the outcome of a failed call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_insights.analysis import retry_policy
from grok_insights.analysis.retry_policy import Attempts, RetryAction
from grok_insights.errors import (
    AnalysisError,
    ConfigurationError,
    CreditsError,
    PermanentError,
    TransientError,
    UnusableAnswer,
)
from grok_insights.flow import backoff, budget
from grok_insights.flow.pace import Pace, StartTimes
from grok_insights.flow.pauses import (
    Circuit,
    CircuitState,
    OperatorPause,
    PauseLimits,
    PauseName,
    Reason,
    TimedPause,
    WorkerState,
    active_pause,
    needs_probe,
)
from tests.builders import NOW

CHANCE = st.floats(0, 1)
LIMITS = PauseLimits(recovery_seconds=10, budget_ticks=100)
AT = int(NOW.timestamp())
CREDITS = TimedPause(PauseName.CREDITS, AT, AT + 60)


@given(st.integers(1, 10_000), CHANCE)
def test_a_retry_waits_a_random_part_of_a_time_that_doubles_and_is_bounded(
    attempt: int, chance: float
) -> None:
    delay = backoff.retry_delay_seconds(attempt, None, chance)
    assert 0 <= delay <= min(300, 2 ** min(attempt, 30))


@given(st.integers(1, 100), st.floats(0, 900), CHANCE)
def test_a_retry_never_comes_before_grok_said_as_far_as_sqs_can_wait(
    attempt: int, asked: float, chance: float
) -> None:
    assert asked <= backoff.retry_delay_seconds(attempt, asked, chance) <= 900


@given(st.floats(0, 86_400), CHANCE)
def test_a_held_back_message_never_comes_before_the_pause_ends_as_far_as_sqs_can_wait(
    remaining: float, chance: float
) -> None:
    delay = backoff.deferral_seconds(remaining, chance)
    assert min(remaining, 810) <= delay <= 900
    assert delay <= remaining * 1.1 + 3


def test_messages_held_back_by_an_open_circuit_come_within_two_seconds_of_the_probe() -> None:
    assert [backoff.deferral_seconds(10, chance) for chance in (0.0, 1.0)] == [10, 12]


ERRORS = {
    "transient": TransientError("server_error", "x"),
    "unusable": UnusableAnswer("cut_off", "x"),
    "permanent": PermanentError("refused", "x"),
    "configuration": ConfigurationError("wrong_key", "x"),
    "credits": CreditsError("credits_exhausted", "x"),
}


@pytest.mark.parametrize(
    ("error", "attempt", "hold", "action"),
    [
        ("transient", 1, 0.0, RetryAction.RETRY),
        ("transient", 4, 0.0, RetryAction.RETRY),
        ("transient", 5, 0.0, RetryAction.GIVE_UP),
        ("transient", 1, 10.0, RetryAction.RETRY),
        ("transient", 5, 10.0, RetryAction.REPEAT_LAST_ATTEMPT),
        ("unusable", 1, 10.0, RetryAction.RETRY),
        ("unusable", 5, 10.0, RetryAction.GIVE_UP),
        ("permanent", 1, 0.0, RetryAction.FAIL),
        ("permanent", 5, 10.0, RetryAction.FAIL),
        ("configuration", 5, 10.0, RetryAction.DEFER),
        ("credits", 5, 300.0, RetryAction.DEFER),
    ],
)
def test_the_outcome_of_a_failed_call_depends_on_its_error_and_attempt(
    error: str, attempt: int, hold: float, action: RetryAction
) -> None:
    found = retry_policy.decide(ERRORS[error], Attempts(attempt, 5), hold, 0.5)
    assert found.action is action


def test_a_last_attempt_is_repeated_three_times_and_then_given_up() -> None:
    found = [
        retry_policy.decide(ERRORS["transient"], Attempts(5, 5, n), 10.0, 0.5) for n in range(4)
    ]
    assert [one.action for one in found] == [RetryAction.REPEAT_LAST_ATTEMPT] * 3 + [
        RetryAction.GIVE_UP
    ]


def test_a_retry_while_the_circuit_is_open_comes_after_the_recovery_time() -> None:
    found = retry_policy.decide(ERRORS["transient"], Attempts(1, 5), 10.0, 0.0)
    assert (found.action, found.delay_seconds) == (RetryAction.RETRY, 10)


@given(
    st.sampled_from(sorted(ERRORS)),
    st.builds(Attempts, st.integers(1, 200), st.just(5), st.integers(0, 10)),
    st.floats(0, 1000),
    CHANCE,
)
def test_only_what_failed_every_attempt_is_given_up_and_no_delay_is_longer_than_sqs_can_wait(
    name: str, tries: Attempts, hold: float, chance: float
) -> None:
    error: AnalysisError = ERRORS[name]
    found = retry_policy.decide(error, tries, hold, chance)
    assert 0 <= found.delay_seconds <= 900
    if found.action is RetryAction.GIVE_UP:
        assert tries.attempt >= 5
        assert name in {"transient", "unusable"}


def test_without_a_pause_calls_may_start() -> None:
    assert active_pause(WorkerState(spent_ticks=99), LIMITS, NOW) is None
    assert active_pause(WorkerState(spent_ticks=10**15), PauseLimits(10, 0), NOW) is None


def test_an_open_circuit_allows_one_probe_after_its_recovery_time() -> None:
    worker_state = WorkerState(circuit=Circuit(CircuitState.OPEN, opened_at=AT - 4))
    stop = active_pause(worker_state, LIMITS, NOW)
    assert stop is not None
    assert (stop.reason, stop.seconds) == (Reason.CIRCUIT_OPEN, 6)
    assert active_pause(worker_state, LIMITS, NOW + timedelta(seconds=6)) is None
    assert needs_probe(worker_state)
    assert not needs_probe(WorkerState())


def test_while_another_function_probes_the_others_wait_and_take_over_when_its_lease_ends() -> None:
    worker_state = WorkerState(
        circuit=Circuit(CircuitState.HALF_OPEN, AT - 11, lease_ends_at=AT + 30)
    )
    stop = active_pause(worker_state, LIMITS, NOW)
    assert stop is not None
    assert stop.seconds == 2
    assert active_pause(worker_state, LIMITS, NOW + timedelta(seconds=30)) is None


def test_reasons_have_an_order_an_operators_pause_comes_first() -> None:
    wrong = Circuit(CircuitState.OPEN, AT, misconfigured="wrong_key")
    everything = WorkerState(
        circuit=wrong,
        operator=OperatorPause(),
        timed_pauses=(CREDITS,),
        spent_ticks=100,
    )
    stops = [
        everything,
        WorkerState(circuit=wrong, timed_pauses=(CREDITS,), spent_ticks=100),
        WorkerState(timed_pauses=(CREDITS,), spent_ticks=100),
        WorkerState(spent_ticks=100),
    ]
    found = [active_pause(worker_state, LIMITS, NOW) for worker_state in stops]
    assert [stop.reason for stop in found if stop] == [
        Reason.OPERATOR,
        Reason.CONFIGURATION,
        Reason.CREDITS,
        Reason.BUDGET_SPENT,
    ]


def test_a_spent_budget_stops_calls_until_midnight_utc() -> None:
    stop = active_pause(
        WorkerState(spent_ticks=100), LIMITS, datetime(2026, 11, 23, 23, 59, tzinfo=UTC)
    )
    assert stop is not None
    assert stop.seconds == 60


@given(st.datetimes(timezones=st.just(UTC), max_value=datetime(9999, 12, 30)))
def test_the_next_day_is_the_next_midnight(now: datetime) -> None:
    following = budget.next_day(now)
    assert timedelta(0) < following - now <= timedelta(days=1)
    assert budget.day_of(following) != budget.day_of(now)
    assert budget.day_of(following - timedelta(microseconds=1)) == budget.day_of(now)


def test_an_estimate_counts_the_instructions_and_the_answer_too() -> None:
    cost = budget.estimated_cost("x" * 4_000, Decimal("0.002"), budget.OVERHEAD_TOKENS)
    assert (cost.tokens, cost.ticks) == (1_500, 30_000_000)


@given(st.floats(0.5, 1_000), st.floats(0, 60))
def test_a_wave_is_never_larger_than_can_start_in_time(rate: float, seconds: float) -> None:
    pace = Pace(rate)
    calls = pace.calls_within(seconds)
    last = StartTimes(0.0, pace.taken_us(1) / 1_000_000).at(calls - 1)
    assert calls == 1 or last <= seconds + calls * 1e-6
