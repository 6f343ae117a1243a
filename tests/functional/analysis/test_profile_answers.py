"""A profile and a Grok that invents, misquotes and answers what nobody asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from grok_insights.domain.conversation import Role, Turn
from grok_insights.domain.insight import Analysis
from grok_insights.domain.profile import Profile
from grok_insights.grok.analyzer import Analyzer, Answer
from grok_insights.grok.prompt import Prompt
from grok_insights.grok.redacting import Redacting
from tests.builders import AN_ID
from tests.functional.analysis.conftest import NewWorker
from tests.functional.analysis.questions import QUESTIONS
from tests.functional.test_grok_client import grok
from tests.functional.worker import Worker
from tests.standin import Books, Standin

PROFILE = Profile.model_validate({"version": 4, **QUESTIONS})
TEXT = "Customer: It's  late again.\nCustomer: And I don't like to wait here!"
ALL_NULL = {"resolved": None, "churn_risk": None, "effort": None}


@pytest.fixture
def standin(server: Standin) -> Standin:
    server.books = Books()
    return server


def analysed(
    standin: Standin, reply: str, text: str = TEXT, turns: tuple[Turn, ...] = (), **of: bool
) -> Answer:
    standin.books.next_replies.append(reply)
    with grok(standin.address) as client:
        analyzer: Analyzer = Redacting(client) if of.get("redacted") else client
        return analyzer.analyse(Prompt(AN_ID, text, turns, PROFILE))


def quoted(analysis: Analysis) -> list[str]:
    return [quote.text for quote in analysis.quotes]


def test_a_right_answer_has_fields_closed_topics_and_a_quote(standin: Standin) -> None:
    answer = analysed(standin, "profile")
    found = answer.analysis
    assert found.fields == {"resolved": True, "churn_risk": "low", "effort": 1}
    assert found.text_fields == {"competitor": "Acme"}
    assert found.topics == ("refund",)
    assert found.proposed_topic is None
    assert quoted(found) == ["don't like to wait here!"]
    assert (found.unverified_quotes, answer.invalid_values) == (0, 0)


@pytest.mark.parametrize(
    ("reply", "unverified"),
    [("invented_quotes", 2), ("misquoted", 1), ("paraphrased", 2), ("quotes_of_no_text", 5)],
)
def test_quotes_that_nobody_said_are_dropped_and_counted(
    standin: Standin, reply: str, unverified: int
) -> None:
    found = analysed(standin, reply).analysis
    assert (found.quotes, found.unverified_quotes) == ((), unverified)


def test_a_quote_in_other_typography_is_the_stored_text(standin: Standin) -> None:
    found = analysed(standin, "typographic_quotes").analysis
    assert quoted(found) == ["don't like to wait here!"]
    assert found.unverified_quotes == 0


def test_fields_outside_the_profile_are_left_out(standin: Standin) -> None:
    found = analysed(standin, "fields_outside_the_schema").analysis
    assert set(found.fields) == set(ALL_NULL)
    assert set(found.text_fields) == {"competitor"}


def test_values_outside_the_schema_are_null_and_counted(standin: Standin) -> None:
    answer = analysed(standin, "wrong_values")
    assert answer.analysis.fields == ALL_NULL
    assert answer.analysis.text_fields == {"competitor": None}
    assert answer.analysis.proposed_topic is None
    assert answer.invalid_values == 4


def test_values_in_another_form_are_understood(standin: Standin) -> None:
    answer = analysed(standin, "loose_values")
    assert answer.analysis.fields == {"resolved": True, "churn_risk": "low", "effort": 1}
    assert answer.invalid_values == 0


def test_nulls_everywhere_are_an_answer_without_findings(standin: Standin) -> None:
    answer = analysed(standin, "nulls")
    assert answer.analysis.fields == ALL_NULL
    assert (answer.analysis.quotes, answer.analysis.unverified_quotes) == ((), 0)
    assert answer.invalid_values == 0


def test_a_topic_that_is_no_label_becomes_other_and_one_is_proposed(standin: Standin) -> None:
    found = analysed(standin, "new_topics").analysis
    assert (found.topics, found.proposed_topic) == (("other",), "time_travel")


def test_quotes_of_turns_have_offsets_in_the_turn(standin: Standin) -> None:
    turns = (
        Turn(Role.AGENT, "Do you want to wait here?"),
        Turn(Role.CUSTOMER, "No, I don't  want\nto wait here."),
    )
    text = "Agent: Do you want to wait here?\nCustomer: No, I don't want to wait here."
    quote = analysed(standin, "profile", text, turns).analysis.quotes[0]
    assert (quote.turn, quote.text) == (1, "don't  want\nto wait here")
    assert turns[1].text[quote.start : quote.end] == quote.text


def test_with_redaction_a_quote_never_shows_what_grok_did_not_read(standin: Standin) -> None:
    text = "I am a.b@mail.example\nI want my money back\nCall 0171 1234567 or a@b.example"
    found = analysed(standin, "quotes_of_everything", text, redacted=True).analysis
    assert quoted(found) == ["I want my money back"]
    assert found.unverified_quotes == 3
    late = "Customer: I am a.b@mail.example and my parcel is very late"
    found = analysed(standin, "profile", late, redacted=True).analysis
    assert quoted(found) == ["my parcel is very late"]
    assert found.quotes[0].start == late.index("my parcel")


@dataclass(frozen=True)
class Asking:
    """An analyzer that asks for a profile."""

    analyzer: Analyzer

    @property
    def longest_call_seconds(self) -> float:
        return self.analyzer.longest_call_seconds

    @property
    def model(self) -> str:
        return self.analyzer.model

    @property
    def is_mock(self) -> bool:
        return self.analyzer.is_mock

    def prompt_version(self, profile: Profile) -> str:
        return self.analyzer.prompt_version(profile)

    def overhead_tokens(self, profile: Profile) -> int:
        return self.analyzer.overhead_tokens(profile)

    def analyse(self, prompt: Prompt) -> Answer:
        return self.analyzer.analyse(replace(prompt, profile=PROFILE))


def metrics_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert len(lines) == 1
    return dict(lines[0])


def test_dropped_quotes_and_invalid_values_are_metrics(
    new_worker: NewWorker, capsys: pytest.CaptureFixture[str]
) -> None:
    worker: Worker = new_worker(Asking)
    worker.standin.books.next_replies.extend(["invented_quotes", "wrong_values"])
    worker.run(*worker.conversations(2))
    metrics = metrics_of(capsys)
    assert metrics["UnverifiedQuotes"][0] >= 2
    assert metrics["InvalidFieldValues"] == [4.0]


def test_without_faults_of_answers_their_metrics_are_not_emitted(
    new_worker: NewWorker, capsys: pytest.CaptureFixture[str]
) -> None:
    worker: Worker = new_worker(Asking)
    worker.standin.books.next_replies.append("nulls")
    worker.run(worker.conversation(TEXT))
    assert not {"UnverifiedQuotes", "InvalidFieldValues"} & metrics_of(capsys).keys()
