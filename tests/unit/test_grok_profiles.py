"""Reading Grok's answers to a profile: fields, closed topics, proposals and quotes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_insights.domain.insight import Analysis
from grok_insights.domain.profile import Profile
from grok_insights.grok import answer
from grok_insights.grok.answer import ParsedAnswer
from grok_insights.grok.prompt import Prompt
from tests.builders import AN_ID

GOOD = {"summary": "The parcel is late.", "sentiment": "negative", "topics": ["delivery"]}
TEXT = "Customer: My parcel is late, I want my money back."
FIELDS: list[dict[str, Any]] = [
    {"name": "resolved", "type": "boolean"},
    {"name": "churn_risk", "type": "enum", "values": ["low", "very_high"]},
    {"name": "effort", "type": "integer", "minimum": 1, "maximum": 5},
    {"name": "competitor", "type": "text", "max_length": 10},
]
LABELS = [
    {"name": "refund", "aliases": ["money_back", "reimbursement"]},
    {"name": "delivery_delay"},
]


def parsed(changes: dict[str, Any], **parts: Any) -> ParsedAnswer:
    profile = Profile.model_validate({"version": 7, **parts})
    return answer.parse_answer(json.dumps({**GOOD, **changes}), Prompt(AN_ID, TEXT, (), profile))


def topics(mode: str, *names: str, **changes: Any) -> Analysis:
    asked = {"mode": mode, "labels": LABELS}
    return parsed({"topics": list(names), **changes}, topics=asked).analysis


def test_the_fields_of_the_profile_are_read_and_no_others() -> None:
    given_fields = {"resolved": False, "churn_risk": "low", "effort": 4, "competitor": "Acme"}
    found = parsed({**given_fields, "mood": "grim", "order": 7}, fields=FIELDS)
    assert found.analysis.fields == {"resolved": False, "churn_risk": "low", "effort": 4}
    assert found.analysis.text_fields == {"competitor": "Acme"}
    assert found.invalid_values == 0


@pytest.mark.parametrize(
    ("name", "given_value", "value"),
    [
        ("resolved", "Yes", True),
        ("resolved", " FALSE. ", False),
        ("churn_risk", "Very High", "very_high"),
        ("churn_risk", " LOW", "low"),
        ("effort", "3", 3),
        ("effort", 3.0, 3),
    ],
)
def test_values_in_another_form_are_understood(
    name: str, given_value: object, value: object
) -> None:
    found = parsed({name: given_value}, fields=FIELDS)
    assert (found.analysis.fields[name], found.invalid_values) == (value, 0)


@pytest.mark.parametrize(
    ("name", "given_value"),
    [
        ("resolved", "perhaps"),
        ("resolved", 2),
        ("resolved", [True]),
        ("churn_risk", "huge"),
        ("churn_risk", 1),
        ("churn_risk", True),
        ("effort", 6),
        ("effort", 0),
        ("effort", 2.5),
        ("effort", True),
        ("effort", "9" * 400),
        ("effort", 1e300),
        ("competitor", 7),
        ("competitor", {"name": "Acme"}),
    ],
)
def test_a_value_that_the_field_cannot_have_is_null_and_counted(
    name: str, given_value: object
) -> None:
    found = parsed({name: given_value}, fields=FIELDS)
    assert {**found.analysis.fields, **found.analysis.text_fields}[name] is None
    assert found.invalid_values == 1


@pytest.mark.parametrize("nothing", [None, "", "null", "None", "n/a", "Unknown."])
def test_words_for_null_are_null_and_not_counted(nothing: object) -> None:
    names = [field["name"] for field in FIELDS]
    found = parsed(dict.fromkeys(names, nothing), fields=FIELDS)
    values = {**found.analysis.fields, **found.analysis.text_fields}
    assert values == dict.fromkeys(names)
    assert found.invalid_values == 0


def test_fields_that_are_missing_are_null() -> None:
    found = parsed({}, fields=FIELDS)
    assert set(found.analysis.fields.values()) == {None}
    assert found.analysis.text_fields == {"competitor": None}
    assert found.invalid_values == 0


def test_a_null_word_that_is_a_value_of_the_field_is_that_value() -> None:
    fields = [{"name": "channel", "type": "enum", "values": ["none", "phone"]}]
    assert parsed({"channel": "None"}, fields=fields).analysis.fields == {"channel": "none"}


def test_a_text_is_cleaned_and_cut_at_its_length() -> None:
    found = parsed({"competitor": " Acme\u202e\n\x00 International "}, fields=FIELDS)
    assert found.analysis.text_fields == {"competitor": "Acme Inte…"}


def test_a_field_with_a_name_of_the_product_is_read_from_its_own_key() -> None:
    fields = [{"name": "sentiment", "type": "enum", "values": ["warm", "cold"]}]
    found = parsed({"sentiment_": "cold"}, fields=fields).analysis
    assert (found.sentiment, found.fields) == ("negative", {"sentiment": "cold"})


def test_open_topics_become_labels_where_they_are_aliases_each_once() -> None:
    found = topics("open", "Money Back", "refund", "parcel", "reimbursement")
    assert found.topics == ("refund", "parcel")
    assert found.proposed_topic is None


@pytest.mark.parametrize(
    ("names", "kept", "proposed"),
    [
        (["refund", "Delivery Delay"], ("refund", "delivery_delay"), None),
        (["money_back", "refund"], ("refund",), None),
        (["other"], ("other",), None),
        ([], ("other",), None),
        (["late fee"], ("other",), "late_fee"),
        (["refund", "late fee", "other"], ("refund",), "late_fee"),
        (["früh"], ("other",), "fruh"),
        (["配送"], ("other",), None),
    ],
)
def test_closed_topics_are_labels_or_other_and_an_unknown_one_is_proposed(
    names: list[str], kept: tuple[str, ...], proposed: str | None
) -> None:
    found = topics("closed", *names)
    assert (found.topics, found.proposed_topic) == (kept, proposed)


@pytest.mark.parametrize(
    ("given_topic", "proposed"),
    [
        ("Loyalty Card!", "loyalty_card"),
        ("refund", None),
        ("money back", None),
        ("other", None),
        ("null", None),
        ("None", None),
        ("", None),
        (None, None),
        (7, None),
        (["loyalty"], None),
        ("x" * 200, "x" * 40),
    ],
)
def test_a_proposed_topic_is_a_new_label(given_topic: object, proposed: str | None) -> None:
    assert topics("closed", "refund", proposed_topic=given_topic).proposed_topic == proposed
    assert topics("open", "refund", proposed_topic=given_topic).proposed_topic is None


def test_quotes_are_located_and_the_others_are_counted() -> None:
    claims = ["i want my money back", "I was promised a refund", 7]
    found = parsed({"quotes": claims}, quotes=True).analysis
    assert [quote.text for quote in found.quotes] == ["I want my money back"]
    assert found.quotes[0].start == TEXT.index("I want")
    assert found.unverified_quotes == 2


@pytest.mark.parametrize("claims", [["invented"], "My parcel is late"])
def test_quotes_that_nobody_asked_for_are_left_out_and_not_counted(claims: object) -> None:
    found = parsed({"quotes": claims}).analysis
    assert (found.quotes, found.unverified_quotes) == ((), 0)


def test_one_quote_without_a_list_is_read_too() -> None:
    assert len(parsed({"quotes": "My parcel is late"}, quotes=True).analysis.quotes) == 1


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.fixed_dictionaries({field["name"]: VALUES for field in FIELDS}), VALUES, VALUES)
def test_any_answer_gives_values_that_the_profile_allows(
    values: dict[str, Any], proposed: object, claims: object
) -> None:
    asked = {"fields": FIELDS, "quotes": True, "topics": {"mode": "closed", "labels": LABELS}}
    changes = {**values, "proposed_topic": proposed, "quotes": claims}
    found = parsed(changes, **asked).analysis
    assert found.fields["resolved"] in {True, False, None}
    assert found.fields["churn_risk"] in {"low", "very_high", None}
    assert found.fields["effort"] in {1, 2, 3, 4, 5, None}
    assert len(found.text_fields["competitor"] or "") <= 10
    assert set(found.topics) <= {"refund", "delivery_delay", "other"}
    assert len(found.quotes) <= 2
