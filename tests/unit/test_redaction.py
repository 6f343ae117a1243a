"""Redaction replaces what identifies a customer, and keeps what the conversation is about."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_insights import wiring
from grok_insights.domain.conversation import Role, Turn, transcript
from grok_insights.domain.insight import Quote
from grok_insights.domain.profile import Profile
from grok_insights.domain.quotes import verified
from grok_insights.domain.redaction import CARD, EMAIL, PHONE, Redaction, redacted
from grok_insights.grok.analyzer import Answer
from grok_insights.grok.mock import MockGrok
from grok_insights.grok.prompt import Prompt
from grok_insights.grok.redacting import Redacting
from grok_insights.settings import Settings
from tests.builders import AN_ID, environment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to anna.smith+x@mail.example.co.uk, please", f"write to {EMAIL}, please"),
        ("<jörg@bücher.example>", f"<{EMAIL}>"),
        ("4111 1111 1111 1111", CARD),
        ("my card 4111-1111-1111-1111 exp 12/27", f"my card {CARD} exp 12/27"),
        ("378282246310005.", f"{CARD}."),
        ("6011000990139424 and 5555555555554444", f"{CARD} and {CARD}"),
        ("no 1 4111111111111111", f"no 1 {CARD}"),
        ("card4111111111111111x", f"card{CARD}x"),
        ("+1 (555) 123-4567", PHONE),
        ("call +44 20 7946 0958 now", f"call {PHONE} now"),
        ("0049 171 1234567", PHONE),
        ("(555) 123-4567", PHONE),
        ("555-123-4567", PHONE),
        ("1-800-555-0199", PHONE),
        ("0171 1234567", PHONE),
        ("tel:+49(0)30/1234567", f"tel:{PHONE}"),
    ],
)
def test_addresses_cards_and_phones_are_replaced(text: str, expected: str) -> None:
    assert redacted(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "order 12345678 of 2026-11-23 for $1,234.56",
        "invoice 202611000017",
        "invoice 4111111111112",  # fails Luhn's check
        "on 01.02.2026 10:15 and 23/11/2026",
        "ticket #0123456789",
        "3 weeks, 2 parcels, 100 %",
        "version 10.15.7 from 192.168.0.1",
        "@anna says hi",
        "a@b",
        "tracking 1Z999AA10123456784",
    ],
)
def test_what_the_conversation_is_about_stays(text: str) -> None:
    assert redacted(text) == text


def luhn(digits: list[int]) -> int:
    """Return the digit that completes a card number."""
    total = sum(d if i % 2 else (2 * d - 9 * (d > 4)) for i, d in enumerate(reversed(digits)))
    return -total % 10


cards = st.lists(st.integers(0, 9), min_size=12, max_size=18).map(
    lambda digits: "".join(map(str, [9, *digits[1:], luhn([9, *digits[1:]])]))
)
words = st.text(alphabet=st.characters(whitelist_categories=("L", "Zs", "Po")), max_size=30)


@given(before=st.text(max_size=30), card=cards, after=st.text(max_size=30))
def test_no_card_number_gets_through_wherever_it_is(before: str, card: str, after: str) -> None:
    assert card not in redacted(f"{before}{card}{after}")


@given(card=cards, sizes=st.lists(st.integers(2, 6), min_size=10, max_size=10))
def test_no_card_number_gets_through_in_groups(card: str, sizes: list[int]) -> None:
    groups, rest = [], card
    for size in sizes:
        groups.append(rest[:size])
        rest = rest[size:]
    spaced = " ".join(filter(None, [*groups, rest]))
    assert redacted(f"it is {spaced} thanks") == f"it is {CARD} thanks"


@given(name=st.from_regex(r"[a-z][a-z0-9.]{0,20}", fullmatch=True), around=words)
def test_no_address_gets_through(name: str, around: str) -> None:
    assert f"{name}@mail.example" not in redacted(f"{around}{name}@mail.example{around}")


@given(st.text(max_size=300))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redacted(text)
    assert redacted(once) == once


@given(st.text(alphabet=st.characters(exclude_characters="@", exclude_categories=["Nd"])))
def test_a_text_without_digits_and_at_signs_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("hostile", ["1" * 100_000, "1 " * 50_000, "a." * 50_000, "+1(" * 33_000])
def test_a_long_and_hostile_text_is_read_all_the_same(hostile: str) -> None:
    assert len(redacted(hostile)) <= len(hostile)


@dataclass
class Listening:
    """The mock, which also records the texts that it was sent."""

    heard: list[str] = field(default_factory=list)
    turns: tuple[Turn, ...] = ()
    longest_call_seconds: float = 0
    model: str = "mock"
    is_mock: bool = True

    def prompt_version(self, profile: Profile) -> str:
        return MockGrok(0).prompt_version(profile)

    def overhead_tokens(self, profile: Profile) -> int:
        del profile
        return 0

    def analyse(self, prompt: Prompt) -> Answer:
        self.heard.append(prompt.text)
        self.turns = prompt.turns
        return MockGrok(0).analyse(prompt)


@pytest.mark.parametrize(
    ("setting", "heard"), [("true", f"I am {EMAIL}"), ("false", "I am a@b.example")]
)
def test_grok_gets_the_redacted_text_if_redaction_is_on(setting: str, heard: str) -> None:
    grok = Listening()
    settings = Settings.from_env(environment(REDACT_PII=setting))
    wiring.with_redaction(grok, settings).analyse(Prompt(AN_ID, "I am a@b.example"))
    assert grok.heard == [heard]


def test_turns_are_redacted_in_the_text_and_one_by_one() -> None:
    grok = Listening()
    settings = Settings.from_env(environment(REDACT_PII="true"))
    turns = (
        Turn(Role.CUSTOMER, "I am a@b.example", name="a@b.example"),
        Turn(Role.AGENT, "Call +44 20 7946 0958"),
    )
    wiring.with_redaction(grok, settings).analyse(Prompt(AN_ID, transcript(turns), turns))
    assert grok.heard == [f"Customer: I am {EMAIL}\nAgent: Call {PHONE}"]
    assert grok.turns == (
        Turn(Role.CUSTOMER, f"I am {EMAIL}", name=EMAIL),
        Turn(Role.AGENT, f"Call {PHONE}"),
    )


def test_a_part_of_the_redacted_text_is_found_in_the_original() -> None:
    text = "Mail a@b.example or call (555) 123-4567 now, card 4111 1111 1111 1111 ok"
    redaction = Redaction(text)
    start = redaction.text.index(" now, card ")
    span = redaction.original_span(start, start + len(" now, card "))
    assert span is not None
    assert text[slice(*span)] == " now, card "


@pytest.mark.parametrize("part", [EMAIL, f"call {PHONE}", f"{CARD} ok", "[email", "ail] or"])
def test_a_part_with_a_placeholder_has_no_original(part: str) -> None:
    redaction = Redaction("Mail a@b.example or call (555) 123-4567, card 4111 1111 1111 1111 ok")
    start = redaction.text.index(part)
    assert redaction.original_span(start, start + len(part)) is None


PRIVATE = st.sampled_from(
    [
        "a@b.example",
        "4111 1111 1111 1111",
        "(555) 123-4567",
        "0171 1234567",
        EMAIL,
        "[",
        "7",
        "@",
        ".",
    ]
)


@given(st.lists(PRIVATE | st.text(max_size=5)), st.data())
def test_no_part_brings_back_what_was_redacted(parts: list[str], data: st.DataObject) -> None:
    text = " ".join(parts)
    redaction = Redaction(text)
    start = data.draw(st.integers(0, len(redaction.text)))
    end = data.draw(st.integers(start, len(redaction.text)))
    span = redaction.original_span(start, end) if start < end else None
    if span:
        assert text[slice(*span)] == redaction.text[start:end]


@dataclass
class Quoting(Listening):
    """An analyzer that quotes what it reads, and what it does not."""

    claims: tuple[str, ...] = ()

    def analyse(self, prompt: Prompt) -> Answer:
        answer = Listening.analyse(self, prompt)
        found, dropped = verified(self.claims, prompt.text, prompt.turns, prompt.placeholders)
        analysis = replace(answer.analysis, quotes=found, unverified_quotes=dropped)
        return replace(answer, analysis=analysis)


def test_a_quote_is_in_the_original_text_and_never_of_what_was_redacted() -> None:
    text = "I am a@b.example. I want a refund now"
    grok = Quoting(claims=("I am [email]", "I am a@b.example", "I want a refund"))
    analysis = Redacting(grok).analyse(Prompt(AN_ID, text)).analysis
    assert analysis.quotes == (Quote("I want a refund", 18, 33),)
    assert analysis.unverified_quotes == 2


def test_turns_are_redacted_and_quotes_are_in_the_original_turns() -> None:
    turns = (
        Turn(Role.AGENT, "Who is it?", name="x@y.example"),
        Turn(Role.CUSTOMER, "a@b.example wants a refund"),
    )
    grok = Quoting(claims=("wants a refund",))
    answer = Redacting(grok).analyse(Prompt(AN_ID, "Customer: a@b.example wants", turns))
    assert answer.analysis.quotes == (Quote("wants a refund", 12, 26, 1),)
    assert grok.heard == [f"Customer: {EMAIL} wants"]
    assert [(turn.text, turn.name) for turn in grok.turns] == [
        ("Who is it?", EMAIL),
        (f"{EMAIL} wants a refund", None),
    ]


@given(st.lists(PRIVATE | st.text(max_size=8)), st.data())
def test_quotes_never_contain_what_grok_did_not_read(parts: list[str], data: st.DataObject) -> None:
    text = " ".join(parts)
    start = data.draw(st.integers(0, len(text)))
    claim = text[start : data.draw(st.integers(start, len(text)))]
    grok = Quoting(claims=(claim, redacted(claim)))
    for quote in Redacting(grok).analyse(Prompt(AN_ID, text)).analysis.quotes:
        assert quote.text == text[quote.start : quote.end]
        assert quote.text in redacted(text)
