"""The statistics of the evaluation: known values, invariants, intervals that cover the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_insights.domain.insight import Sentiment
from scripts.evaluate.bootstrap import Interval, NotComparable, differences, intervals
from scripts.evaluate.golden import GOLDEN_DATA
from scripts.evaluate.judgement import Judgement, Labels
from scripts.evaluate.labelled import load
from scripts.evaluate.measures import (
    accuracy,
    agreement,
    is_quality,
    macro_f1,
    measure,
    percentile,
)
from scripts.evaluate.tables import better_or_worse
from scripts.evaluate.tally import FAILED, added, confusions_of, shown, tally_of, topics_of
from tests.standin.labelled import answers

TOPICS = st.lists(st.sampled_from(["refund", "billing", "delivery"]), max_size=3, unique=True)
LABELS = st.builds(
    Labels,
    sentiment=st.sampled_from(Sentiment),
    topics=TOPICS.map(tuple),
    fields=st.fixed_dictionaries({"resolved": st.sampled_from([True, False, None])}),
)
JUDGEMENT = st.builds(
    Judgement,
    id=st.sampled_from("abcdefgh"),
    expected=LABELS,
    found=st.none() | LABELS,
    tokens=st.integers(0, 1_000),
    cost_ticks=st.integers(0, 10**9),
    latency_seconds=st.floats(0, 30),
    verified_quotes=st.integers(0, 2),
    unverified_quotes=st.integers(0, 2),
)
JUDGEMENTS = st.lists(JUDGEMENT, min_size=1, max_size=12)


def judgement(expected: str, found: str | None, name: str = "a", repeat: int = 1) -> Judgement:
    return Judgement(
        id=name,
        repeat=repeat,
        expected=Labels(sentiment=Sentiment(expected)),
        found=None if found is None else Labels(sentiment=Sentiment(found)),
    )


def with_topics(expected: Sequence[str] | None, found: Sequence[str]) -> Judgement:
    labels = Labels(sentiment=Sentiment.NEUTRAL, topics=None if expected is None else (*expected,))
    answered = Labels(sentiment=Sentiment.NEUTRAL, topics=tuple(found))
    return Judgement(id="a", expected=labels, found=answered)


def test_accuracy_and_macro_f1_of_a_small_example_are_those_computed_by_hand() -> None:
    pairs = [("positive", "positive"), ("positive", "negative"), ("negative", "negative")]
    found = measure([judgement(*pair) for pair in pairs])
    assert found["sentiment.accuracy"] == pytest.approx(2 / 3)
    assert found["sentiment.macro_f1"] == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_precision_and_recall_of_topics_are_those_computed_by_hand() -> None:
    found = measure([with_topics(["refund", "billing"], ["refund"]), with_topics(["refund"], [])])
    assert found["topics.micro_precision"] == 1.0
    assert found["topics.micro_recall"] == pytest.approx(1 / 3)
    assert found["topics.macro_precision"] == pytest.approx((1 + 0) / 2)
    assert found["topics.macro_recall"] == pytest.approx((1 / 2 + 0) / 2)


def test_a_topic_that_is_no_label_costs_precision_but_is_no_class_of_its_own() -> None:
    found = measure([with_topics(["refund"], ["refund", "weather"])])
    assert found["topics.micro_precision"] == 0.5
    assert found["topics.macro_precision"] == 1.0


def test_conversations_without_labelled_topics_do_not_count_for_topics() -> None:
    assert topics_of(tally_of([with_topics(None, ["refund"])])) == {}
    assert "topics.micro_f1" not in measure([with_topics(None, ["refund"])])


def test_a_failed_call_is_a_wrong_answer_and_no_class() -> None:
    judgements = [judgement("positive", "positive"), judgement("positive", None)]
    found = measure(judgements)
    assert found["answered.share"] == 0.5
    assert found["sentiment.accuracy"] == 0.5
    assert found["sentiment.macro_f1"] == pytest.approx(2 / 3)
    assert confusions_of(tally_of(judgements))["sentiment"]["positive", FAILED] == 1


def test_a_field_without_an_answer_counts_as_null() -> None:
    expected = Labels(sentiment=Sentiment.NEUTRAL, fields={"resolved": None, "effort": 1})
    one = Judgement(id="a", expected=expected, found=Labels(sentiment=Sentiment.NEUTRAL))
    found = measure([one])
    assert found["fields.resolved.accuracy"] == 1.0
    assert found["fields.effort.accuracy"] == 0.0


def test_true_and_one_are_different_values_of_a_field() -> None:
    assert [shown(value) for value in (True, 1, False, 0, None, "true")] == [
        *("true", "1", "false", "0", "null"),
        "true",
    ]


@given(JUDGEMENTS)
def test_every_share_is_from_zero_to_one(judgements: list[Judgement]) -> None:
    for name, value in measure(judgements).items():
        assert value >= 0
        assert value <= 1 or not is_quality(name)


@given(JUDGEMENTS)
def test_the_right_answers_get_full_marks(judgements: list[Judgement]) -> None:
    right = [it.model_copy(update={"found": it.expected}) for it in judgements]
    for name, value in measure(right).items():
        if name.startswith(("sentiment.", "fields.", "answered.")):
            assert value == 1.0
        if name.startswith("topics."):
            assert value == 1.0


@given(JUDGEMENTS, JUDGEMENTS)
def test_tallies_can_be_added(left: list[Judgement], right: list[Judgement]) -> None:
    apart = added([(tally_of(left), 1), (tally_of(right), 2)])
    assert Counter(apart) == Counter(tally_of([*left, *right, *right]))


@given(st.randoms(use_true_random=False), JUDGEMENTS)
def test_the_order_of_conversations_changes_no_measure(random: object, found: object) -> None:
    assert isinstance(found, list)
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis' random
    assert measure(shuffled) == pytest.approx(measure(found))


@given(st.dictionaries(st.sampled_from([("a", "a"), ("a", "b"), ("b", "a")]), st.integers(1, 9)))
def test_macro_f1_is_at_most_one_and_zero_only_without_a_hit(
    confusion: dict[tuple[str, str], int],
) -> None:
    assert 0 <= macro_f1(confusion) <= 1
    assert (macro_f1(confusion) > 0) == (accuracy(confusion) > 0)


@given(st.lists(st.integers(0, 50).map(float), min_size=1), st.floats(0.001, 1))
def test_a_percentile_is_the_smallest_value_that_enough_values_do_not_exceed(
    values: list[float], share: float
) -> None:
    found = percentile(dict(sorted(Counter(values).items())), share)
    assert sum(it <= found for it in values) >= share * len(values) - 1e-9
    assert sum(it < found for it in values) < share * len(values) + 1e-9


def test_the_95th_percentile_of_one_to_a_hundred_is_95() -> None:
    assert percentile({float(value): 1 for value in range(1, 101)}, 0.95) == 95.0


def test_agreement_is_the_share_of_conversations_with_one_sentiment_in_all_repeats() -> None:
    judgements = [
        judgement("positive", "positive", "a", 1),
        judgement("positive", "positive", "a", 2),
        judgement("positive", "positive", "b", 1),
        judgement("positive", None, "b", 2),
    ]
    assert agreement(judgements) == 0.5


@given(JUDGEMENTS, st.integers(0, 5))
def test_the_same_seed_gives_the_same_intervals(judgements: list[Judgement], seed: int) -> None:
    once = intervals(judgements, seed, 20)
    assert once == intervals(list(judgements), seed, 20)
    assert all(it.low <= it.high for it in once.values())


@given(JUDGEMENTS)
def test_a_run_does_not_differ_from_itself(judgements: list[Judgement]) -> None:
    one_label = {it.id: it.expected for it in judgements}
    run = [it.model_copy(update={"expected": one_label[it.id]}) for it in judgements]
    assert set(differences(run, run, resamples=20).values()) == {Interval(0.0, 0.0, 0.0)}


@given(JUDGEMENTS)
def test_differences_change_their_sign_with_the_order_of_the_runs(
    judgements: list[Judgement],
) -> None:
    one_label = {it.id: it.expected for it in judgements}
    run = [it.model_copy(update={"expected": one_label[it.id]}) for it in judgements]
    right = [it.model_copy(update={"found": it.expected}) for it in run]
    forth, back = differences(run, right, resamples=10), differences(right, run, resamples=10)
    for name, it in forth.items():
        assert it.value == pytest.approx(-back[name].value)


def test_runs_about_other_conversations_or_labels_are_not_comparable() -> None:
    run = [judgement("positive", "positive", "a"), judgement("negative", "negative", "b")]
    with pytest.raises(NotComparable, match="1 conversations are in one of the two"):
        differences(run, run[:1])
    relabelled = [run[0], judgement("neutral", "negative", "b")]
    with pytest.raises(NotComparable, match=r"labels of 1 conversations differ: \['b'\]"):
        differences(run, relabelled)


def test_repeats_of_a_conversation_are_drawn_together_so_they_narrow_no_interval() -> None:
    names = [f"c{number}" for number in range(40)]
    answers_of = {name: "positive" if index % 2 else "negative" for index, name in enumerate(names)}
    once = [judgement("positive", answers_of[name], name) for name in names]
    thrice = [
        judgement("positive", answers_of[name], name, repeat)
        for repeat in (1, 2, 3)
        for name in names
    ]
    name = "sentiment.accuracy"
    assert intervals(once)[name] == intervals(thrice)[name]


def test_the_interval_covers_the_true_quality_of_a_noisy_analyzer_in_most_runs() -> None:
    conversations = load(GOLDEN_DATA)
    covered = Counter[str]()
    runs, wrong = 20, 0.2
    for seed in range(runs):
        known = answers(conversations, wrong, seed)
        run = [
            Judgement(
                id=it.id,
                expected=Labels.of(it),
                found=Labels.model_validate(
                    {name: known[it.transcript][name] for name in ("sentiment", "topics", "fields")}
                ),
            )
            for it in conversations
        ]
        for name, found in intervals(run, resamples=100).items():
            covered[name] += found.low <= 1 - wrong <= found.high
    for name in (
        *("sentiment.accuracy", "fields.resolved.accuracy", "fields.churn_risk.accuracy"),
        *("topics.micro_precision", "topics.micro_recall"),
    ):
        assert covered[name] >= 0.8 * runs, name


@pytest.mark.parametrize(
    ("name", "interval", "expected"),
    [
        ("sentiment.accuracy", Interval(0.1, 0.02, 0.2), "better"),
        ("sentiment.accuracy", Interval(-0.1, -0.2, -0.02), "worse"),
        ("sentiment.accuracy", Interval(0.1, -0.02, 0.2), ""),
        ("cost_usd.mean", Interval(0.1, 0.02, 0.2), "worse"),
        ("latency_seconds.p95", Interval(-0.1, -0.2, -0.02), "better"),
    ],
)
def test_a_difference_is_better_or_worse_only_if_its_interval_excludes_zero(
    name: str, interval: Interval, expected: str
) -> None:
    assert better_or_worse(name, interval) == expected
