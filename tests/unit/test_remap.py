"""Topics and segments that are mapped anew, and insights that are read from their JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_insights.domain.conversation import Conversation
from grok_insights.domain.insight import (
    Analysis,
    Cost,
    CostSource,
    Insight,
    Origin,
    Quote,
    Sentiment,
)
from grok_insights.domain.insight_json import completed_insight
from grok_insights.domain.profile import Label, Profile, TopicMode, Topics
from grok_insights.domain.remap import remapped
from grok_insights.domain.segments import ActiveProfile
from tests.builders import AN_ID, NOW, failed_insight, insight

NAMES = ("refund", "money_back", "delivery", "late_parcel", "other")
LABELS = (
    Label(name="refund", aliases=("money_back",)),
    Label(name="delivery", aliases=("late_parcel",)),
)
PROFILE = Profile(version=7, topics=Topics(labels=LABELS), segments=("channel",))
ACTIVE = ActiveProfile(PROFILE, {"channel": frozenset({"chat"})})

names = st.text("abcdefgh_0123456789", min_size=1, max_size=10)
texts = st.text(max_size=30)
quotes = st.builds(
    Quote, texts, st.integers(0, 9), st.integers(0, 9), st.none() | st.integers(0, 3)
)
analyses = st.builds(
    Analysis,
    texts,
    st.sampled_from(Sentiment),
    st.lists(names, max_size=5, unique=True).map(tuple),
    fields=st.dictionaries(names.map("c{}".format), st.none() | st.booleans() | st.integers()),
    text_fields=st.dictionaries(names.map("t{}".format), st.none() | texts),
    quotes=st.lists(quotes, max_size=2).map(tuple),
    unverified_quotes=st.integers(0, 3),
)
insights = st.builds(
    Insight,
    st.just(AN_ID),
    st.just(NOW),
    st.just(NOW),
    analyses,
    st.builds(Cost, st.integers(0, 10**6), st.integers(0, 10**12), st.sampled_from(CostSource)),
    st.builds(
        Origin,
        texts,
        st.booleans(),
        st.floats(0, 600),
        st.integers(1, 5),
        texts,
        profile_version=st.integers(1, 99),
        mapping_version=st.none() | st.integers(1, 99),
    ),
    st.integers(0, 10**6),
    st.none() | texts,
    st.dictionaries(names, texts, max_size=3),
)


def conversation(metadata: dict[str, Any] | None) -> Conversation:
    return Conversation(AN_ID, "Hello", NOW, NOW, metadata=metadata)


def with_topics(*topics: str) -> Insight:
    return insight(outcome=Analysis("A summary.", Sentiment.NEGATIVE, topics))


@given(insights)
def test_an_insight_that_is_read_from_its_json_has_the_same_json(before: Insight) -> None:
    document = json.loads(json.dumps(before.as_json()))
    assert isinstance(before.outcome, Analysis)
    after = completed_insight(document, set(before.outcome.fields))
    assert after.as_json() == document
    assert isinstance(after.outcome, Analysis)
    assert after.outcome.fields == before.outcome.fields


@pytest.mark.parametrize(
    "damage", [{"sentiment": "sad"}, {"meta": {}}, {"more": 1}, {"occurred_at": "now"}]
)
def test_a_document_of_which_a_part_would_be_lost_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)):
        completed_insight({**insight().as_json(), **damage}, set())


@given(st.lists(st.sampled_from(NAMES), max_size=5, unique=True), st.sampled_from(TopicMode))
def test_what_is_mapped_twice_by_the_same_profile_changes_once(
    topics: list[str], mode: TopicMode
) -> None:
    profile = PROFILE.model_copy(update={"topics": Topics(mode=mode, labels=LABELS)})
    active = replace(ACTIVE, profile=profile)
    once = remapped(with_topics(*topics), active, conversation({"channel": "chat"}))
    if once is not None:
        assert remapped(once, active, conversation({"channel": "chat"})) is None


def test_the_insight_says_by_which_version_it_was_mapped() -> None:
    mapped = remapped(with_topics("money_back", "refund"), ACTIVE, None)
    assert mapped is not None
    assert mapped.as_json()["topics"] == ["refund"]
    assert mapped.origin.mapping_version == 7


def test_an_unknown_value_of_a_segment_is_other() -> None:
    mapped = remapped(with_topics("refund"), ACTIVE, conversation({"channel": "fax"}))
    assert mapped is not None
    assert mapped.segments == {"channel": "other"}


def test_segments_stay_without_the_conversation() -> None:
    stored = replace(with_topics("refund"), segments={"channel": "mail"})
    assert remapped(stored, ACTIVE, None) is None


def test_a_failed_insight_stays_as_it_is() -> None:
    assert remapped(failed_insight(), ACTIVE, conversation({"channel": "chat"})) is None


def test_new_values_of_segments_become_known_until_there_are_50() -> None:
    active = ActiveProfile(PROFILE).knowing(
        conversation({"channel": f"v{number}"}) for number in range(60)
    )
    assert len(active.values["channel"]) == 50
