"""Quotes: what Grok claims to quote is found in the conversation itself, or dropped."""

# ruff: noqa: RUF001 - typographic characters are what is tested

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_insights.domain import quotes
from grok_insights.domain.conversation import Role, Turn
from grok_insights.domain.insight import Quote
from grok_insights.domain.quotes import MAX_QUOTE_CHARS, verified

AGENT = Turn(Role.AGENT, "You said: I want a refund. Is that right?")
CUSTOMER = Turn(Role.CUSTOMER, "Yes, I want a refund.")


def spans(text: str, *claims: object) -> list[str]:
    return [text[quote.start : quote.end] for quote in verified(claims, text, ())[0]]


@pytest.mark.parametrize(
    ("text", "claim", "found"),
    [
        ("Hi. I want my money back!", "I want my money back", "I want my money back"),
        (
            "I want  my\r\n\tmoney\u00a0back",
            "I want my money back",
            "I want  my\r\n\tmoney\u00a0back",
        ),
        ("It’s “broken” – again…", 'It\'s "broken" - again...', "It’s “broken” – again"),
        ('It\'s "broken" -- again', "It’s «broken» — again", 'It\'s "broken" -- again'),
        ("well... it never came", "well… it never came", "well... it never came"),
        ("i WANT my money", "I want my money", "i WANT my money"),
        ("Die Straße ist zu", "die strasse ist zu", "Die Straße ist zu"),
        ("the cafe\u0301 is closed", "the caf\u00e9 is closed", "the cafe\u0301 is closed"),
        ("the caf\u00e9 is closed", "the cafe\u0301 is closed", "the caf\u00e9 is closed"),
        ("物流太慢了，我要退款。", "我要退款", "我要退款"),
        ("物流太慢了，我要退款。", "物流太慢了,我要退款", "物流太慢了，我要退款"),
        ("مرحبا الشحنة\u200f متأخرة جدا", "الشحنة متأخرة", "الشحنة\u200f متأخرة"),
        ("배송이 너무 늦어요", unicodedata.normalize("NFD", "너무 늦어요"), "너무 늦어요"),
        ("डिलीवरी बहुत देर से", "बहुत देर से", "बहुत देर से"),
        ("love it \U0001f469\u200d\U0001f4bb!!", "love it \U0001f469\u200d\U0001f4bb", None),
        ("I am angry \u2764\ufe0f now", "angry \u2764 now", "angry \u2764\ufe0f now"),
        ("re\u00adfund it please", "refund it please", "re\u00adfund it please"),
    ],
)
def test_a_quote_is_found_in_spite_of_its_typography(
    text: str, claim: str, found: str | None
) -> None:
    assert spans(text, claim) == [found or claim]


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("I want my money back", "I want my money now"),
        ("I want all of my money back", "I want … my money back"),
        ("I am not happy", "I am not h"),
        ("It is an unhappy place", "happy place"),
        ("I paid 1,000 USD", "I paid 1"),
        ("I paid 1,000 USD", "000 USD"),
        ("I am a \U0001f469\u200d\U0001f4bb", "I am a \U0001f469"),
        ("the cafe\u0301 is closed", "the cafe"),
        ("I want it", ""),
        ("I want it", "it"),
        ("慢", "慢"),
        ("I want it", 7),
        ("I want it", None),
        ("I want it", ["I want it"]),
        ("a\ud83d broken text", "\ud83d\ud83d\ud83d"),
    ],
)
def test_what_is_not_there_or_cuts_a_word_is_dropped_and_counted(text: str, claim: object) -> None:
    assert verified([claim], text, ()) == ((), 1)


def test_a_quote_that_is_too_long_is_dropped_also_if_only_the_stored_one_is() -> None:
    assert verified(["a " * 160], "a " * 200, ()) == ((), 1)
    assert verified(["my money"], "my" + " " * MAX_QUOTE_CHARS + "money", ()) == ((), 1)


def test_offsets_are_code_points_of_the_turn_and_the_customer_comes_first() -> None:
    found = verified(["I want a refund"], "unused", (AGENT, CUSTOMER))
    assert found == ((Quote("I want a refund", 5, 20, 1),), 0)


def test_what_only_the_agent_said_can_be_quoted() -> None:
    assert verified(["Is that right?"], "", (AGENT, CUSTOMER))[0][0].turn == 0


def test_the_name_of_the_speaker_that_grok_reads_is_no_part_of_the_quote() -> None:
    found, dropped = verified(["Customer: Yes, I want a refund"], "", (AGENT, CUSTOMER))
    assert (found, dropped) == ((Quote("Yes, I want a refund", 0, 20, 1),), 0)


def test_a_quote_across_two_turns_is_dropped() -> None:
    assert verified(["right? Yes"], "", (AGENT, CUSTOMER)) == ((), 1)


def test_of_several_occurrences_the_first_is_quoted_and_those_inside_words_are_not() -> None:
    text = "unfairly so, and fairly so, and fairly so"
    assert verified(["fairly so"], text, ())[0] == (Quote("fairly so", 17, 26),)


def test_the_case_of_the_claim_decides_between_occurrences() -> None:
    assert spans("REFUND it. refund it", "refund it") == ["refund it"]


def test_overlapping_and_repeated_quotes_are_left_out_and_not_counted() -> None:
    text = "I want my money back today"
    claims = ["my money back", "money back today", "my money back", "I want"]
    assert verified(claims, text, ()) == (
        (Quote("my money back", 7, 20), Quote("I want", 0, 6)),
        0,
    )


def test_at_most_two_quotes_are_kept_and_ten_claims_are_looked_for() -> None:
    text = "first one, second one, third one"
    found, dropped = verified(["first one", "second one", "third one"], text, ())
    assert (len(found), dropped) == (2, 0)
    assert verified(["first one"] * 50, text, ())[1] == 50 - quotes.MAX_CLAIMS


@given(st.text(), st.data())
def test_every_quote_is_the_stored_text_at_its_offsets(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    claim = text[start : data.draw(st.integers(start, len(text)))]
    for quote in verified([claim, data.draw(st.text())], text, ())[0]:
        assert quote.text == text[quote.start : quote.end]


WORDS = st.text(
    st.sampled_from("aé e\u0301ßİıﬁ“'…—\u00a0\n京ا\u064e한\U0001f600\ufe0f1,."), min_size=1
)


@given(WORDS, WORDS, WORDS)
def test_a_whole_part_of_a_text_is_found_in_any_form(before: str, part: str, after: str) -> None:
    part = f"京都{part}".rstrip(" .'\u00a0\n“…")
    text = f"{before} | {part} | {after}"
    for form in ("NFC", "NFD"):
        claim = " ".join(unicodedata.normalize(form, part).split())
        assert spans(text, claim), (text, claim)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "A",
        " ",
        "ab ",
        "a\u0301\u0323",
        "\u0301\u0323",
        "\u200d",
        "\ufdfa",
        "ß",
        "1.",
        "👩\u200d",
    ],
)
def test_a_long_and_hostile_text_is_searched_in_linear_time(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    claims = [(unit * 300)[:299] + "x", (unit * 300)[:299] + "X", "x" * 300, "S" * 300]
    started = time.process_time()
    assert verified(claims, text, ())[1] >= 3
    assert time.process_time() - started < 5
