"""The mock keeps its quality on the labelled set, within 0.02 of the stored baseline."""

from __future__ import annotations

from pathlib import Path

import pytest

from grok_insights.grok.mock import MockGrok
from scripts.evaluate.baseline import (
    MAX_LOSS,
    complaint,
    losses,
    main_measures,
    read_baseline,
    write_baseline,
)
from scripts.evaluate.golden import GOLDEN_DATA, GOLDEN_PROFILE
from scripts.evaluate.labelled import load
from scripts.evaluate.measures import measure
from scripts.evaluate.profile import load_profile
from scripts.evaluate.run import Evaluation

BASELINE = {"sentiment.accuracy": 0.5, "topics.micro_f1": 0.4}


def test_the_mock_lost_no_main_measure_against_the_baseline() -> None:
    evaluation = Evaluation(MockGrok(0), load_profile(GOLDEN_PROFILE), concurrency=1)
    found = measure(list(evaluation.judgements(load(GOLDEN_DATA))))
    baseline = read_baseline()
    assert baseline.keys() == main_measures(found).keys(), "run make evaluate-baseline"
    lost = losses(baseline, found)
    assert not lost, complaint(lost)


@pytest.mark.parametrize("loss", [-0.1, 0.0, MAX_LOSS - 0.001])
def test_a_gain_or_a_small_loss_is_accepted(loss: float) -> None:
    assert losses(BASELINE, {**BASELINE, "sentiment.accuracy": 0.5 - loss}) == []


def test_a_larger_loss_is_named_with_what_to_do() -> None:
    lost = losses(BASELINE, {**BASELINE, "sentiment.accuracy": 0.479})
    assert lost == ["sentiment.accuracy was 0.500 and is 0.479"]
    assert "make evaluate" in complaint(lost)
    assert "make evaluate-baseline" in complaint(lost)


def test_a_measure_that_is_missing_counts_as_lost() -> None:
    assert losses(BASELINE, {"topics.micro_f1": 0.4}) == [
        "sentiment.accuracy was 0.500 and is missing"
    ]


def test_a_written_baseline_has_the_main_measures_only_and_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    write_baseline({"sentiment.accuracy": 0.123456, "tokens.mean": 80.0}, path)
    assert read_baseline(path) == {"sentiment.accuracy": 0.1235}
