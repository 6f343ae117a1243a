"""The mock and profiles: fields, closed topics and quotes without a key, always the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_insights.domain.conversation import Role, Turn
from grok_insights.domain.insight import Analysis
from grok_insights.domain.profile import BUILT_IN, Profile
from grok_insights.grok.heuristics.reading import analyse_text
from grok_insights.grok.mock import MockGrok
from grok_insights.grok.prompt import Prompt
from grok_insights.grok.redacting import Redacting
from tests.builders import AN_ID

LATE = (
    "Customer: My parcel is late and I want my money back, or I cancel.\n"
    "Agent: I am sorry, I have sent the money.\nCustomer: I am still waiting, this is terrible."
)
FIELDS: list[dict[str, Any]] = [
    {"name": "resolved", "type": "boolean"},
    {"name": "churn_risk", "type": "enum", "values": ["low", "medium", "high"]},
    {"name": "effort", "type": "integer", "minimum": 2, "maximum": 4},
    {"name": "competitor", "type": "text", "max_length": 30},
    {"name": "channel", "type": "enum", "values": ["e_mail", "chat"]},
]
LABELS = [
    {"name": "refund", "aliases": ["money_back"]},
    {"name": "late_delivery", "description": "a parcel arrives late"},
    {"name": "praise"},
]


def analysed(text: str, turns: tuple[Turn, ...] = (), **parts: Any) -> Analysis:
    profile = Profile.model_validate({"version": 2, **parts})
    answer = MockGrok(0, sleep=lambda _: None).analyse(Prompt(AN_ID, text, turns, profile))
    assert answer.mock
    return answer.analysis


def test_the_built_in_profile_adds_nothing() -> None:
    answer = MockGrok(0).analyse(Prompt(AN_ID, LATE, profile=BUILT_IN))
    assert answer.analysis == analyse_text(LATE)


def test_fields_about_a_solution_and_leaving_are_filled_by_words() -> None:
    assert dict(analysed(LATE, fields=FIELDS[:2]).fields) == {
        "resolved": False,
        "churn_risk": "high",
    }
    thanks = analysed("Customer: Perfect, it works now. Thank you so much!", fields=FIELDS[:2])
    assert dict(thanks.fields) == {"resolved": True, "churn_risk": "low"}


def test_a_value_that_the_text_names_is_chosen() -> None:
    assert analysed("Customer: I wrote in the chat.", fields=FIELDS).fields["channel"] == "chat"


def test_a_text_field_has_the_sentence_with_its_word_or_nothing() -> None:
    said = "Customer: It is late. Your competitor Acme was faster than you. Bye."
    assert analysed(said, fields=FIELDS).text_fields == {
        "competitor": "Your competitor Acme was fast…"
    }
    assert analysed("Customer: It is late.", fields=FIELDS).text_fields == {"competitor": None}


@given(st.text())
def test_every_text_gets_values_that_the_profile_allows_and_always_the_same(text: str) -> None:
    asked: dict[str, Any] = {
        "fields": FIELDS,
        "quotes": True,
        "topics": {"mode": "closed", "labels": LABELS},
    }
    found = analysed(text, **asked)
    assert found == analysed(text, **asked)
    assert found.fields["effort"] in {2, 3, 4}
    assert found.fields["channel"] in {"e_mail", "chat", None}
    assert found.fields["resolved"] in {True, False, None}
    assert set(found.topics) <= {"refund", "late_delivery", "praise", "other"}
    assert all(quote.text == text[quote.start : quote.end] for quote in found.quotes)


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("Customer: I want a refund for this.", ("refund",)),
        ("Customer: Give me my money back.", ("refund",)),
        ("Customer: The parcel arrives too late.", ("late_delivery",)),
        ("Customer: What is the weather like?", ("other",)),
    ],
)
def test_closed_topics_are_the_labels_whose_words_are_in_the_text(
    text: str, topics: tuple[str, ...]
) -> None:
    assert analysed(text, topics={"mode": "closed", "labels": LABELS}).topics == topics


def test_a_topic_without_a_label_is_proposed_if_none_applies() -> None:
    closed = {"mode": "closed", "labels": [{"name": "praise"}]}
    found = analysed("Customer: I forgot my password, the password reset fails.", topics=closed)
    assert found.topics == ("other",)
    assert found.proposed_topic == "password_reset"
    assert analysed(LATE, topics={"mode": "open"}).proposed_topic is None


def test_quotes_are_of_the_customer_and_in_the_text() -> None:
    found = analysed(LATE, quotes=True)
    assert found.quotes[0].text == "My parcel is late and I want my money back, or I cancel"
    assert found.unverified_quotes == 0
    assert analysed(LATE).quotes == ()


def test_quotes_of_turns_are_in_the_turns() -> None:
    turns = (Turn(Role.AGENT, "Hello."), Turn(Role.CUSTOMER, "My  parcel is late, send it again."))
    found = analysed(
        "Agent: Hello.\nCustomer: My parcel is late, send it again.", turns, quotes=True
    )
    assert [quote.turn for quote in found.quotes] == [1]
    assert found.quotes[0].text == "My  parcel is late, send it again"


def test_with_redaction_a_quote_has_its_offsets_in_the_original_text() -> None:
    text = "Customer: I am a@b.example. My parcel is late and I want my money back."
    profile = Profile(version=2, quotes=True)
    found = Redacting(MockGrok(0)).analyse(Prompt(AN_ID, text, profile=profile)).analysis
    assert found.quotes
    for quote in found.quotes:
        assert quote.text == text[quote.start : quote.end]
        assert "@" not in quote.text
