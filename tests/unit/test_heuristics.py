"""The mock analyzer: its sentiment, topics and summary are ones that a person would accept."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grok_insights.domain.insight import Sentiment
from grok_insights.grok.heuristics import reading, word_lists

LABELLED_TEXTS = Path(__file__).with_name("labelled_texts.tsv")
LONGEST_SECONDS = 1.0  # several times what it takes, so that a busy machine does not fail it

DOUBLE_CHARGE = """Customer: Hello, my card was charged twice for order 88120945 and I am annoyed.
Agent: Hello, I am so happy to help you with this today, thank you for your patience!
Customer: The second charge of 84 euros has to go away. My mail is anna.smith@example.com.
Agent: Wonderful, I have refunded it. Is there anything else I can do for you?
Customer: No, thanks."""

talk = st.lists(
    st.sampled_from(
        [
            *(
                "\nCustomer: ",
                "\nAgent: ",
                "\nUser: ",
                "\n[10:32] Anna: ",
                "\nRep: ",
                "! ",
                "? ",
                ". ",
            ),
            *("my ", "the ", "refund ", "broken ", "not ", "great ", "but ", "router ", "NEVER "),
            *("they charged me twice ", "the pool ", "<b>", "&amp;", "https://x.example/a "),
            *("a.b@example.com ", "4111 1111 1111 1111 ", "😡", "\x00", "\ud800", "ß", "我的"),
        ]
    ),
    max_size=60,
).map("".join)
anything = st.one_of(talk, st.text(max_size=400), st.text(st.characters(), max_size=200))


def sentiment_of(text: str) -> str:
    return str(reading.analyse_text(text).sentiment)


def topics_of(text: str) -> tuple[str, ...]:
    return reading.analyse_text(text).topics


def summary_of(text: str) -> str:
    return reading.analyse_text(text).summary


def test_most_of_sixty_labelled_texts_get_the_class_a_person_gave_them() -> None:
    lines = LABELLED_TEXTS.read_text("utf-8").splitlines()
    labelled = [line.split("\t", 1) for line in lines]
    hits = [label for label, text in labelled if sentiment_of(text) == label]
    assert Counter(label for label, _ in labelled) == {str(one): 20 for one in Sentiment}
    assert len(hits) >= 54
    assert min(Counter(hits).values()) >= 17


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The support was helpful.", "positive"),
        ("The support was not helpful.", "negative"),
        ("I have never had any problems with it.", "positive"),
        ("It could not be better.", "positive"),
        ("The printer doesn't print.", "negative"),
    ],
)
def test_a_negation_turns_what_it_negates(text: str, expected: str) -> None:
    assert sentiment_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The food was great, but the delivery was terribly late and the driver rude.", "negative"),
        ("The delivery was late, but the food was absolutely fantastic.", "positive"),
        ("Although the room was small, we loved every minute.", "positive"),
        ("Great location. However, it was dirty and the staff refused to help.", "negative"),
    ],
)
def test_of_mixed_feelings_the_one_after_the_contrast_counts(text: str, expected: str) -> None:
    assert sentiment_of(text) == expected


def test_an_agents_courtesy_never_makes_an_annoyed_customer_content() -> None:
    assert sentiment_of(DOUBLE_CHARGE) == "negative"


def test_a_complaint_resolved_to_the_customers_delight_ends_well() -> None:
    text = (
        "Customer: My refund is missing.\nAgent: I have sent it again.\n"
        "Customer: Wow, that was fast! Excellent service, I am really impressed, thank you so much!"
    )
    assert sentiment_of(text) == "positive"


def test_please_and_thanks_alone_are_neutral_in_a_dialogue() -> None:
    text = (
        "Customer: Please tell me the fee for a wire transfer.\nAgent: It is 10 euros.\n"
        "Customer: Okay, thanks a lot.\nAgent: You're welcome!\nCustomer: Bye."
    )
    assert sentiment_of(text) == "neutral"


def test_a_known_concern_is_named_by_its_usual_name() -> None:
    assert topics_of(DOUBLE_CHARGE)[0] == "double_charge"
    assert "lost_luggage" in topics_of("The airline lost my suitcase, it never arrived in Oslo.")
    assert "password_reset" in topics_of("I forgot my password and the reset link has expired.")


def test_what_no_list_knows_becomes_a_topic_when_it_comes_back() -> None:
    text = "The garden gnome is chipped. I paid for a garden gnome with a hat, not without one."
    assert "garden_gnome" in topics_of(text)


def test_names_and_labels_of_speakers_are_no_topics() -> None:
    text = (
        "[10:32] Anna: Thank you for contacting us, how can I help you?\n"
        "[10:33] Bert Brown: Hi Anna, the router is broken, my neighbour Carla has the same router."
    )
    assert topics_of(text) == ("router",)


def test_a_text_about_nothing_is_praise_complaint_or_inquiry() -> None:
    assert topics_of("😍") == ("praise",)
    assert topics_of("Terrible!") == ("complaint",)
    assert topics_of("") == ("general_inquiry",)


@pytest.mark.parametrize(
    "text", ["Dolore 4711 9955 2311 4432", "Ask me@example.com, www.a.example/b"]
)
def test_private_data_is_masked_in_the_summary_and_no_topic(text: str) -> None:
    said = summary_of(text) + " ".join(topics_of(text))
    assert not re.search(r"\d{4}|@|example", said)


def test_the_summary_is_what_the_customer_said_without_labels_and_private_data() -> None:
    summary = summary_of(DOUBLE_CHARGE)
    assert summary.startswith("My card was charged twice for order [number]")
    assert "Customer" not in summary
    assert "happy to help" not in summary
    assert "@" not in summary


def test_a_summary_keeps_a_negation_at_its_start() -> None:
    assert summary_of("No answer from support for a week.") == "No answer from support for a week."


def test_of_an_email_neither_header_nor_signature_nor_quotation_is_read() -> None:
    text = (
        "From: m@example.com\nSubject: Broken lamp\n\n"
        "The lamp flickers and I want a replacement.\n\n"
        "Best regards\nMax Muster\nHappiness Ltd, home of love and joy\n\n> You are wonderful!"
    )
    analysis = reading.analyse_text(text)
    assert analysis.sentiment is Sentiment.NEGATIVE
    assert analysis.summary == "The lamp flickers and I want a replacement."


@pytest.mark.parametrize(
    "text",
    [
        "Customer: My router is broken.\nAgent: Oh.",
        "[09:14] Customer: My router is broken.\n[09:15] Agent (Mia): Oh.",
        "09:14:01 User: My router is broken.\n09:14:09 Support: Oh.",
        "**User:** My router is broken.\n**Bot:** Oh.",
        "Customer: My router is broken. Agent: Oh.",
        "customer - My router is broken.\nrep - Oh.",
        "<p><b>Client</b>: My router is broken.</p><p><b>Rep</b>: Oh.</p>",
        "Q: My router is broken.\nA: Oh.",
    ],
)
def test_speaker_labels_of_every_style_are_understood(text: str) -> None:
    assert summary_of(text) == "My router is broken."


def test_a_review_with_headings_is_not_taken_for_a_dialogue() -> None:
    assert sentiment_of("Pros: great sound, light, comfortable.\nCons: none.") == "positive"


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "😡" * 100_000,
        ("😡" * 99 + "\n") * 1_000,
        "<a " * 33_333,
        "a: " * 33_333,
        "\n" * 100_000,
        "1-" * 50_000,
        "My router is broken, but they never refunded me! " * 2_000,
    ],
)
def test_a_hundred_thousand_characters_take_no_time(text: str) -> None:
    reading.analyse_text("warm")
    start = time.process_time()
    reading.analyse_text(text)
    assert time.process_time() - start < LONGEST_SECONDS


def test_importing_the_mock_loads_neither_vader_nor_a_network_client() -> None:
    code = (
        "import sys\nfrom grok_insights.grok.heuristics import reading\n"
        "assert not any(name.startswith('vader') for name in sys.modules)\n"
        "reading.analyse_text('good')\n"
        "assert 'requests' not in sys.modules"
    )
    layer = Path(reading.__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(layer)})


@given(anything)
@settings(deadline=None)
def test_whatever_the_text_the_answer_is_well_formed_and_always_the_same(text: str) -> None:
    analysis = reading.analyse_text(text)
    assert analysis == reading.analyse_text(text)
    assert len(analysis.summary) <= 300
    assert 1 <= len(analysis.topics) <= 5
    assert len(set(analysis.topics)) == len(analysis.topics)
    for topic in analysis.topics:
        assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", topic)
        assert len(topic) <= 40
        assert topic not in word_lists.words("stopwords.txt")
        assert topic not in {"customer", "agent", "user", "rep", "anna", "example", "https"}


@given(anything.filter(lambda text: bool(re.search(r"[A-Za-z]{3}", re.sub(r"<[^>]*>", "", text)))))
@settings(deadline=None)
def test_a_text_with_words_and_no_markup_has_a_summary(text: str) -> None:
    words = re.sub(r"[<>&]|Customer: |Agent: |User: |Rep: |\[10:32\] Anna: ", " ", text)
    if re.search(r"[A-Za-z]{3}", words):
        assert summary_of(words)


@given(anything)
@example("\N{LATIN SMALL LETTER SHARP S}4111 1111 1111 1111 ")
@settings(deadline=None)
def test_no_mail_address_and_no_card_number_leaks_into_the_answer(text: str) -> None:
    analysis = reading.analyse_text(
        f"{text} My card is 4111 1111 1111 1111, write to a.b@example.com."
    )
    said = " ".join((analysis.summary, *analysis.topics))
    assert not re.search(r"\d{4}[ -]?\d{4}[ -]?\d{4}", said)
    assert "a.b@example.com" not in said
