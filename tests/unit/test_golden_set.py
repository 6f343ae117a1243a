"""The labelled conversations of the project: valid, varied, without duplicates, and documented."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations

from scripts.evaluate.golden import GOLDEN_DATA, GOLDEN_FOLDER, GOLDEN_PROFILE
from scripts.evaluate.labelled import Labelled, load

CONVERSATIONS = load(GOLDEN_DATA)
PROFILE = json.loads(GOLDEN_PROFILE.read_text("utf-8"))
LABELS = [label["name"] for label in PROFILE["topics"]["labels"]]
GUIDELINE = (GOLDEN_FOLDER / "guideline.md").read_text("utf-8")


def words_of(conversation: Labelled) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", conversation.transcript.lower()))


def test_there_are_at_least_two_hundred_conversations_in_at_least_ten_languages() -> None:
    languages = Counter(it.language for it in CONVERSATIONS)
    assert languages.total() >= 200
    assert len(languages) >= 10
    assert languages["en"] / languages.total() >= 0.5
    assert sum(it.messages is not None for it in CONVERSATIONS) >= 80


def test_no_two_conversations_have_nearly_the_same_words() -> None:
    pairs = combinations([(it.id, words_of(it)) for it in CONVERSATIONS], 2)
    alike = [
        (one, other)
        for (one, left), (other, right) in pairs
        if left and len(left & right) >= 0.7 * len(left | right)
    ]
    assert alike == []
    assert len({it.transcript for it in CONVERSATIONS}) == len(CONVERSATIONS)


def test_each_conversation_has_one_to_three_labels_of_the_closed_list_and_both_fields() -> None:
    for it in CONVERSATIONS:
        assert it.topics is not None
        assert 1 <= len(it.topics) <= 3
        assert set(it.topics) <= {*LABELS, "other"}
        assert it.topics == ("other",) or "other" not in it.topics
        assert it.fields.keys() == {"resolved", "churn_risk"}
        assert it.fields["resolved"] in {True, False, None}
        assert it.fields["churn_risk"] in {"low", "medium", "high", None}


def test_each_class_and_each_topic_is_there_often_enough_to_be_measured() -> None:
    sentiments = Counter(str(it.sentiment) for it in CONVERSATIONS)
    assert sentiments.keys() == {"positive", "negative", "neutral"}
    assert min(sentiments.values()) >= 60
    topics = Counter(topic for it in CONVERSATIONS for topic in it.topics or ())
    assert [label for label in LABELS if topics[label] < 4] == []
    for field in ("resolved", "churn_risk"):
        assert min(Counter(str(it.fields[field]) for it in CONVERSATIONS).values()) >= 30


def test_labels_follow_the_rules_of_the_guideline() -> None:
    for it in CONVERSATIONS:
        risk = it.fields["churn_risk"]
        assert not (it.sentiment == "positive" and risk == "medium"), it.id
        assert not (it.sentiment == "negative" and risk in {"low", None}), it.id


def test_the_guideline_explains_each_topic_and_states_the_distribution() -> None:
    assert [label for label in LABELS if f"| `{label}` |" not in GUIDELINE] == []
    stated = dict(re.findall(r"^\| ([a-z_ ]+) \| (\d+) \|$", GUIDELINE, re.MULTILINE))
    counted = Counter[str]()
    for it in CONVERSATIONS:
        counted.update((str(it.language), f"sentiment {it.sentiment}"))
        for name, value in it.fields.items():
            counted[f"{name} {value if isinstance(value, str) else json.dumps(value)}"] += 1
    assert stated == {name: str(count) for name, count in counted.items()}
    assert f"has {len(CONVERSATIONS)} conversations in" in GUIDELINE


def test_the_profile_asks_for_the_labelled_fields() -> None:
    assert [field["name"] for field in PROFILE["fields"]] == ["resolved", "churn_risk"]
    aliases = [alias for label in PROFILE["topics"]["labels"] for alias in label.get("aliases", [])]
    assert len({*aliases, *LABELS}) == len(aliases) + len(LABELS)
