"""Unexpected errors: an exception of one call or one step affects no other conversation."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

import pytest
from botocore.model import OperationModel

from grok_insights.domain.profile import Profile
from grok_insights.flow.budget import day_of
from grok_insights.grok.analyzer import Analyzer, Answer
from grok_insights.grok.prompt import Prompt
from tests.functional.analysis.conftest import NewWorker
from tests.functional.conftest import at_the_start_of_a_second
from tests.functional.worker import RunningClock, Worker, Wrap, message


class Died(BaseException):
    """The function has ended in the middle of its work."""


@dataclass(frozen=True)
class Raising:
    """An analyzer that raises unexpected errors for some texts."""

    analyzer: Analyzer
    error_of: Callable[[str], BaseException | None]

    @property
    def longest_call_seconds(self) -> float:
        return self.analyzer.longest_call_seconds

    @property
    def model(self) -> str:
        return self.analyzer.model

    def prompt_version(self, profile: Profile) -> str:
        return self.analyzer.prompt_version(profile)

    def overhead_tokens(self, profile: Profile) -> int:
        return self.analyzer.overhead_tokens(profile)

    @property
    def is_mock(self) -> bool:
        return self.analyzer.is_mock

    def analyse(self, prompt: Prompt) -> Answer:
        error = self.error_of(prompt.text)
        if error is not None:
            raise error
        return self.analyzer.analyse(prompt)


def raising(error_of: Callable[[str], BaseException | None]) -> Wrap:
    return lambda analyzer: Raising(analyzer, error_of)


def an_error(text: str) -> BaseException | None:
    return RecursionError(f"the secret of {text}") if text == "text 3" else None


def test_whatever_a_call_raises_is_the_outcome_of_that_call_alone(
    new_worker: NewWorker, caplog: pytest.LogCaptureFixture
) -> None:
    worker = new_worker(raising(an_error), DAILY_BUDGET_USD="1")
    ids = worker.conversations(10)
    assert worker.run(*ids) == []
    assert [worker.insight(one) is not None for one in ids] == [n != 3 for n in range(10)]
    [(sent, _)] = worker.sent()
    assert sent == message(ids[3], attempt=2)
    [logged] = [vars(one) for one in caplog.records if "unexpected way" in one.message]
    assert logged["error"].startswith("RecursionError at ")
    assert "secret" not in str(logged)
    spend = worker.state(f"spend#{day_of(worker.parts.now())}")
    billed = sum(call.billed_ticks for call in worker.standin.books.calls)
    assert int(spend["ticks"]["N"]) > billed, "a call that ended so counts as spent, by estimate"


def test_a_conversation_whose_calls_end_in_an_unexpected_way_fails_after_its_attempts(
    new_worker: NewWorker,
) -> None:
    worker = new_worker(raising(an_error))
    worker.conversations(4)
    [one] = [name for name in worker.conversations(4) if name.startswith("00000003")]
    assert worker.run(message(one, attempt=5)) == []
    insight = worker.insight(one)
    assert insight is not None
    assert insight["error"]["code"] == "unexpected"
    assert len(worker.dead()) == 1


def has_no_call_in_flight(worker: Worker) -> bool:
    """Whether no call is in flight. The server notes the end of a call after it has answered."""
    time.sleep(0.1)
    return worker.standin.books.in_flight == 0


def test_no_call_is_under_way_any_more_when_a_batch_has_ended_by_an_error(
    new_worker: NewWorker,
) -> None:
    slow = Event()

    def died(text: str) -> BaseException | None:
        if text == "text 0":
            return Died()
        time.sleep(0.3)
        slow.set()
        return None

    worker = new_worker(raising(died))
    ids = worker.conversations(4)
    with pytest.raises(Died):
        worker.run(*ids)
    assert slow.is_set()
    assert has_no_call_in_flight(worker)
    made = len(worker.standin.books.calls)
    time.sleep(0.2)
    assert len(worker.standin.books.calls) == made == 3


class Exhausted(ThreadPoolExecutor):
    """Starts two calls; for the third one the system has no thread."""

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        self.begun = getattr(self, "begun", 0) + 1
        if self.begun > 2:
            raise RuntimeError("can't start new thread")
        return super().submit(*args, **kwargs)


def test_calls_that_have_begun_are_waited_for_where_no_thread_is_left_for_the_next(
    worker: Worker,
) -> None:
    waves = worker.analysis.waves
    with Exhausted(4) as threads:
        caller = replace(waves.caller, threads=threads)
        worker.analysis = replace(worker.analysis, waves=replace(waves, caller=caller))
        ids = worker.conversations(4)
        worker.standin.books.plan.latency_seconds = (0.3, 0.3)
        assert sorted(worker.run(*ids)) == sorted(ids)
        assert has_no_call_in_flight(worker)
        assert len(worker.standin.books.calls) == 2


def _open_circuit(worker: Worker) -> list[str]:
    """Let an outage open the circuit, until it may be probed; return the ids that wait."""
    ids = worker.conversations(10)
    at_the_start_of_a_second()
    worker.standin.books.begin_outage(30, "reset")
    worker.run(*ids)
    worker.standin.books.end_outages()
    worker.sent()
    time.sleep(1.1)
    return ids


def test_a_throttled_write_while_a_probe_is_claimed_costs_nobody_anything(worker: Worker) -> None:
    ids = _open_circuit(worker)
    made = len(worker.standin.books.calls)
    with worker.refusing("PutItem", "circuit#grok", code="ThrottlingException"):
        assert worker.run(*ids) == []
    assert len(worker.standin.books.calls) == made
    assert {one.attempt for one, _ in worker.sent()} == {1}
    assert worker.run(*ids) == []
    assert all(worker.insight(one) for one in ids)


def test_a_probe_whose_claim_outlasts_its_start_time_makes_no_call(
    worker: Worker, clock: RunningClock
) -> None:
    ids = _open_circuit(worker)
    made = len(worker.standin.books.calls)

    def take_long(model: OperationModel, params: dict[str, Any], **_: Any) -> None:
        if model.name == "PutItem" and b"circuit#grok" in params["body"]:
            clock.move(seconds=2)

    worker.parts.dynamodb.meta.events.register_first("before-call", take_long)
    assert worker.run(*ids) == []
    assert len(worker.standin.books.calls) == made
    assert {one.attempt for one, _ in worker.sent()} == {1}


def test_a_budget_that_takes_no_correction_keeps_no_pause_from_being_noted(
    new_worker: NewWorker,
) -> None:
    worker = new_worker(DAILY_BUDGET_USD="1")
    ids = worker.conversations(5)
    worker.standin.books.next_replies.extend(["rate_limited_for_30_seconds", "no_credits"])
    with worker.refusing("UpdateItem", "REMOVE #own"):
        worker.run(*ids)
    assert sum(worker.insight(one) is not None for one in ids) == 3
    next_start = int(worker.state("pace")["next_us"]["N"]) / 1_000_000
    assert next_start >= time.time() + 25
    assert "until" in worker.state("credits")
