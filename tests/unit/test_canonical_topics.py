"""The canonical topics of the mock: synonyms are one topic, and the list has no duplicates."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_insights.grok.heuristics import word_lists
from grok_insights.grok.heuristics.canonical_topics import (
    NO_TOPIC,
    canonical_topic,
    topic_by_phrase,
    without_ignored,
)
from grok_insights.grok.heuristics.phrases import singular
from grok_insights.grok.heuristics.reading import analyse_text
from scripts.evaluate.topic_spread import near_duplicates, share_of_most_frequent, texts

LISTED = word_lists.pairs("canonical_topics.txt")
TOPICS = [topic for topic, _ in LISTED if topic != NO_TOPIC]

SAMPLES = Path(__file__).parents[2] / "scripts" / "samples.jsonl"


def topics_of(text: str) -> tuple[str, ...]:
    return analyse_text(text).topics


def test_no_topic_and_no_phrase_stands_in_the_list_twice() -> None:
    phrases = [phrase.strip() for _, phrases in LISTED for phrase in phrases.split(",")]
    listed = Counter([*phrases, *(f"topic {topic}" for topic, _ in LISTED)])
    assert [it for it, count in listed.items() if count > 1] == []


def test_each_known_concern_leads_to_a_topic_of_the_list() -> None:
    concepts = [concept for concept, _ in word_lists.pairs("concepts.txt")]
    assert [one for one in concepts if one not in topic_by_phrase()] == []


def test_a_topic_leads_to_itself() -> None:
    assert [topic for topic in TOPICS if canonical_topic(topic) != topic] == []


def test_topics_are_snake_case_and_no_two_have_the_same_words() -> None:
    assert [topic for topic in TOPICS if not re.fullmatch(r"[a-z]+(_[a-z]+)*", topic)] == []
    assert near_duplicates(TOPICS) == []


def test_the_words_of_the_list_are_singular_so_that_they_are_found() -> None:
    last_words = [phrase.split("_")[-1] for phrase in topic_by_phrase()]
    concepts = {word for one, _ in word_lists.pairs("concepts.txt") for word in one.split("_")}
    plurals = {word for word in last_words if singular(word) != word}
    assert plurals <= concepts | {"miles", "series"}


@pytest.mark.parametrize(
    ("texts", "topic"),
    [
        (("I lost my booking for the hotel.", "We want a motel.", "The hostel is full."), "hotel"),
        (("Is my car ready?", "I returned the sedan.", "I rented an SUV."), "car_rental"),
        (("The courier has my address.", "I opened the parcel."), "delivery"),
        (("The invoice is missing.", "Please send me the receipt."), "invoice"),
        (("The app shows an error message.", "There is a bug in it."), "software_bug"),
        (("I see a coupon here.", "The promo code fails."), "discount"),
        (("Our membership ends.", "The subscription ends.", "My trial ends."), "subscription"),
        (("The boiler is off.", "A radiator is cold."), "heating"),
    ],
)
def test_synonyms_lead_to_one_topic(texts: tuple[str, ...], topic: str) -> None:
    assert [topic in topics_of(text) for text in texts] == [True] * len(texts)


def test_a_listed_phrase_wins_over_its_last_word_and_that_over_the_others() -> None:
    assert canonical_topic("travel_insurance") == "insurance"
    assert canonical_topic("insurance_card") == "payment"
    assert canonical_topic("parcel_colour") == "delivery"
    assert canonical_topic("garden_gnome") is None


def test_a_phrase_that_says_nothing_is_no_topic() -> None:
    assert "phone" not in topics_of("Tell me the phone number of the hotel. The phone number!")
    assert without_ignored("the phone numbers, please") == "the ,, please"


def test_an_unlisted_phrase_said_once_is_no_topic_beside_a_listed_one() -> None:
    assert topics_of("I want a refund for the gnome.") == ("refund",)
    assert "gnome" in topics_of("I want a refund for the gnome. The gnome is small.")


def test_an_unlisted_phrase_said_once_is_the_topic_where_there_is_no_other() -> None:
    assert topics_of("I hate my gnome.") == ("gnome",)


def test_nearly_all_topics_of_the_samples_are_canonical() -> None:
    found = Counter(topic for text in texts(SAMPLES) for topic in topics_of(text))
    canonical = sum(count for topic, count in found.items() if canonical_topic(topic) == topic)
    assert canonical / found.total() >= 0.95
    assert near_duplicates(list(found)) == []


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 9)), st.integers(0, 20))
def test_the_share_of_the_most_frequent_topics_grows_to_one(
    counts: dict[str, int], topics: int
) -> None:
    counted = Counter(counts)
    assert 0 <= share_of_most_frequent(counted, topics) <= 1
    assert share_of_most_frequent(counted, topics) <= share_of_most_frequent(counted, topics + 1)
    assert share_of_most_frequent(counted, len(counts)) == pytest.approx(1)


def test_topics_with_the_same_words_in_another_order_or_number_are_near_duplicates() -> None:
    topics = ["refundable_ticket", "tickets_refundable", "ticket", "hotel"]
    assert near_duplicates(topics) == [("refundable_ticket", "tickets_refundable")]
