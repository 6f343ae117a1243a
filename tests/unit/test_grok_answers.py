"""Reading Grok's answers: every form of a usable answer, and no other."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_insights.domain.insight import Analysis, Cost, CostSource, Sentiment
from grok_insights.errors import AnalysisError, PermanentError, TransientError, UnusableAnswer
from grok_insights.grok import answer, completion
from grok_insights.grok.answer import UnreadableAnalysis
from grok_insights.grok.prompt import Prompt
from tests.builders import AN_ID

PRICE = Decimal("0.002")
ESTIMATE = Cost(505, 10_100_000, CostSource.ESTIMATED)
GOOD = {"summary": "The parcel is late.", "sentiment": "negative", "topics": ["delivery"]}


PROMPT = Prompt(AN_ID, "Customer: My parcel is late.")


def parsed(content: str) -> Analysis:
    return answer.parse_answer(content, PROMPT).analysis


def _content(**changes: Any) -> str:
    return json.dumps({**GOOD, **changes})


def _body(content: str | None = None, **changes: Any) -> bytes:
    message = {"content": _content() if content is None else content} | changes.pop("message", {})
    choice = {"message": message, "finish_reason": changes.pop("finish_reason", "stop")}
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 150}
    found = {"model": "grok-4.3", "choices": [choice], "usage": usage, **changes}
    return json.dumps(found).encode()


@pytest.mark.parametrize(
    "form",
    [
        "{}",
        "```json\n{}\n```",
        "```\n{}```",
        "Here you are: {} Anything else?",
        '{{"note": 1}} {}',
        "{{ not json }} {}",
        "\ufeff\n{}\n",
    ],
)
def test_an_analysis_is_found_plain_fenced_and_inside_prose(form: str) -> None:
    found = parsed(form.format(_content()))
    assert found.summary == "The parcel is late."
    assert (found.sentiment, found.topics) == (Sentiment.NEGATIVE, ("delivery",))


@pytest.mark.parametrize(
    ("word", "sentiment"),
    [
        ("POSITIVE", "positive"),
        ("very positive", "positive"),
        ("Satisfied", "positive"),
        (" Negative. ", "negative"),
        ("frustrated", "negative"),
        ("mixed", "neutral"),
    ],
)
def test_sentiments_in_other_words_are_understood(word: str, sentiment: str) -> None:
    assert parsed(_content(sentiment=word)).sentiment == sentiment


@pytest.mark.parametrize(
    "content",
    [
        "",
        "I cannot say.",
        "[]",
        '{"summary": "Fine."',
        _content(sentiment="purple"),
        _content(sentiment=None),
        _content(summary=" "),
        _content(summary=7),
        _content(topics=None),
        '{"summary": "x", "sentiment": "neutral"}',
        "x" * 50_001,
        "{" * 40_000,
        '{"a":' * 40_000,
    ],
)
def test_what_is_no_analysis_is_refused(content: str) -> None:
    with pytest.raises(UnreadableAnalysis):
        parsed(content)


def test_an_integer_of_any_length_beside_the_analysis_does_no_harm() -> None:
    found = parsed(_content().replace("{", '{"n": ' + "7" * 5_000 + ", ", 1))
    assert found.topics == ("delivery",)


@pytest.mark.parametrize("nothing", ["\u200b\u2060", "\u202e", "\x07", "\u3164\u2800", "\u0301"])
def test_a_summary_without_a_visible_character_is_refused(nothing: str) -> None:
    with pytest.raises(UnreadableAnalysis, match="no summary"):
        parsed(_content(summary=f" {nothing} "))


def test_control_characters_and_marks_of_direction_go_and_joined_emoji_stay() -> None:
    summary = "\x00The\u202e par\u2066cel\n is\x1b late. \U0001f469\u200d\U0001f4bb"
    found = parsed(_content(summary=summary))
    assert found.summary == "The parcel is late. \U0001f469\u200d\U0001f4bb"


def test_topics_are_cleaned_and_at_most_five() -> None:
    given_topics = ["Late Delivery!", "late-delivery", "  ", 7, "Größe", "a", "b", "c", "d"]
    found = parsed(_content(topics=given_topics))
    assert found.topics == ("late_delivery", "größe", "a", "b", "c")


@given(st.lists(st.text(), max_size=20))
def test_topics_are_always_snake_case_and_few(topics: list[str]) -> None:
    found = parsed(_content(topics=topics)).topics
    assert len(found) <= 5
    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"[^\W_]+(_[^\W_]+)*", topic) for topic in found)


@given(st.text())
def test_any_text_is_either_read_or_refused(text: str) -> None:
    try:
        found = parsed(text)
    except UnreadableAnalysis:
        return
    assert found.summary


@given(st.text(alphabet=st.characters(exclude_characters="{")), st.text())
def test_an_analysis_is_found_whatever_text_surrounds_it(before: str, after: str) -> None:
    assert parsed(before + _content() + after).topics == ("delivery",)


@given(st.binary())
def test_any_body_is_read_or_an_error_of_the_tree(body: bytes) -> None:
    with pytest.raises(AnalysisError):
        completion.parse_completion(body, PROMPT, ESTIMATE, PRICE, "asked")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_value_in_the_place_of_the_choices_is_an_error_of_the_tree(value: Any) -> None:
    body = json.dumps({"choices": [value], "usage": value}).encode()
    with pytest.raises(AnalysisError):
        completion.parse_completion(body, PROMPT, ESTIMATE, PRICE, "asked")


def test_who_answered_is_believed_before_who_was_asked() -> None:
    assert (
        completion.parse_completion(_body(), PROMPT, ESTIMATE, PRICE, "asked").model == "grok-4.3"
    )
    assert (
        completion.parse_completion(_body(model=None), PROMPT, ESTIMATE, PRICE, "asked").model
        == "asked"
    )


@pytest.mark.parametrize(
    ("model", "shown"),
    [("m" * 300_000, "m" * 100), ("grok\ud83d-4", "grok?-4"), (" \u202e ", "asked"), (7, "asked")],
    ids=["long", "half a surrogate pair", "invisible", "no text"],
)
def test_who_answered_is_bounded_and_can_be_stored(model: Any, shown: str) -> None:
    body = _body(model=model)
    assert completion.parse_completion(body, PROMPT, ESTIMATE, PRICE, "asked").model == shown


@pytest.mark.parametrize(
    ("usage", "ticks", "implausible"),
    [
        ({"total_tokens": 150, "cost_in_usd_ticks": 10**17}, 150_000_000, 10**17 - 150_000_000),
        ({"cost_in_usd_ticks": 10**17}, 505_000_000, 10**17 - 505_000_000),
        ({"total_tokens": 10**17}, 4_161_600_000, 2 * 10**21 - 4_161_600_000),
    ],
    ids=["ticks", "ticks without tokens", "tokens"],
)
def test_an_absurd_usage_is_bounded_by_tokens_at_a_plausible_price(
    usage: dict[str, int], ticks: int, implausible: int
) -> None:
    cost = completion.cost_of(usage, ESTIMATE, PRICE)
    assert (cost.ticks, cost.source) == (ticks, CostSource.ESTIMATED)
    assert cost.implausible_ticks == implausible
    assert cost.tokens <= 208_080


def test_an_answer_that_cannot_be_used_has_a_bounded_cost_too() -> None:
    body = _body("", usage={"total_tokens": 150, "cost_in_usd_ticks": 10**17})
    with pytest.raises(UnusableAnswer) as caught:
        completion.parse_completion(body, PROMPT, ESTIMATE, PRICE, "asked")
    assert caught.value.cost_ticks == 150_000_000
    assert caught.value.implausible_ticks == 10**17 - 150_000_000


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (
            {"total_tokens": 150, "cost_in_usd_ticks": 1_700_000},
            Cost(150, 1_700_000, CostSource.REPORTED),
        ),
        ({"total_tokens": 150, "cost_in_usd_ticks": 0}, Cost(150, 0, CostSource.REPORTED)),
        ({"total_tokens": 150}, Cost(150, 3_000_000, CostSource.PRICED)),
        ({"total_tokens": 150, "cost_in_usd_ticks": -1}, Cost(150, 3_000_000, CostSource.PRICED)),
        ({"total_tokens": 150, "cost_in_usd_ticks": 1.5}, Cost(150, 3_000_000, CostSource.PRICED)),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 20,
                "completion_tokens_details": {"reasoning_tokens": 30},
            },
            Cost(150, 3_000_000, CostSource.PRICED),
        ),
        ({"total_tokens": True}, ESTIMATE),
        ({}, ESTIMATE),
        (None, ESTIMATE),
    ],
)
def test_a_cost_is_what_was_billed_else_priced_else_estimated(usage: Any, cost: Cost) -> None:
    assert completion.cost_of(usage, ESTIMATE, PRICE) == cost


@pytest.mark.parametrize(
    ("body", "error", "code"),
    [
        (_body(finish_reason="length"), UnusableAnswer, "cut_off"),
        (_body(""), UnusableAnswer, "empty"),
        (_body("nothing"), UnusableAnswer, "unreadable"),
        (_body(message={"refusal": "no"}), PermanentError, "refused"),
        (_body(finish_reason="content_filter"), PermanentError, "moderated"),
    ],
)
def test_an_answer_that_cannot_be_used_says_what_it_cost(
    body: bytes, error: type[AnalysisError], code: str
) -> None:
    with pytest.raises(error) as caught:
        completion.parse_completion(body, PROMPT, ESTIMATE, PRICE, "asked")
    assert (caught.value.code, caught.value.tokens) == (code, 150)
    assert caught.value.cost_ticks == 3_000_000


def test_an_error_inside_a_200_is_transient_and_was_not_billed() -> None:
    body = b'{"code": "The service is currently unavailable", "error": "Timed out"}'
    with pytest.raises(TransientError) as caught:
        completion.parse_completion(body, PROMPT, ESTIMATE, PRICE, "asked")
    assert (caught.value.code, caught.value.cost_ticks) == ("error_in_answer", 0)


@pytest.mark.parametrize("reason", ["stop", "", None])
def test_a_finish_reason_that_says_nothing_is_no_fault(reason: str | None) -> None:
    found = completion.parse_completion(
        _body(finish_reason=reason), PROMPT, ESTIMATE, PRICE, "asked"
    )
    assert found.analysis.sentiment == "negative"
