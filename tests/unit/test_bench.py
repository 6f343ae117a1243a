"""How measured values become figures. The measurements themselves are not tests."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import GROUPS, main, markdown
from benchmarks.comparison import interleaved, ratio
from benchmarks.figure import Figure
from benchmarks.one_group import Group, of_text, to_text
from benchmarks.warm import route_figures


def test_implementations_take_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []

    def implementation(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = interleaved({"a": lambda: implementation("a"), "b": lambda: implementation("b")}, 2)

    assert order == ["a", "b", "b", "a", "a", "b"]
    assert found == {"a": [4.0, 5.0], "b": [3.0, 6.0]}


def test_a_ratio_is_the_median_of_the_rounds_and_not_of_all_values() -> None:
    assert ratio([1.0, 10.0, 3.0], [2.0, 20.0, 4.0]) == 0.5


@pytest.mark.parametrize(
    ("figure", "cells"),
    [
        (
            Figure("size", 15.31, "MB", 16.0, "903 files"),
            ("15.3 MB", "903 files", "≤ 16 MB", "yes"),
        ),
        (Figure("time", 1.2, "s", 1.15), ("1.2 s", "", "≤ 1.15 s", "NO")),
        (Figure("ratio", 0.5, "", 0.5), ("0.5", "", "≤ 0.5", "yes")),
        (Figure("ratio", 0.5), ("0.5", "", "", "")),
        (Figure("ratio", 0.7, "", 0.5), ("0.7", "", "≤ 0.5", "NO")),
    ],
)
def test_a_row_says_whether_its_limit_is_kept(figure: Figure, cells: tuple[str, ...]) -> None:
    assert figure.cells()[1:] == cells


@pytest.mark.parametrize(
    ("figure", "is_kept"),
    [
        (Figure("ratio", 0.7, "", 0.5), False),
        (Figure("ratio", 0.5, "", 0.5), True),
        (Figure("ratio", 0.7), True),
    ],
)
def test_a_value_without_a_limit_keeps_it(figure: Figure, *, is_kept: bool) -> None:
    assert figure.is_kept is is_kept


def test_a_group_comes_back_from_its_process_as_it_was() -> None:
    group = Group("Size", [Figure("layer", 15.3, "MB", 16.0, "903 files")])

    assert of_text(to_text(group)) == group


def test_a_route_is_compared_whole_and_without_aws() -> None:
    baselines = {"FastAPI + Mangum": [4.0, 6.0], "Powertools": [4.0, 6.0]}
    found = {
        "whole": {"ours": [3.0, 3.0], **baselines},
        "aws": {who: [2.0, 2.0] for who in ("ours", *baselines)},
    }

    whole, without_aws, *_ = route_figures("GET", found, 0.5)

    assert (whole.name, whole.value, whole.limit) == ("GET / FastAPI + Mangum", 0.625, None)
    assert whole.note == "3.00 of 5.00 ms; at least 0.52"
    assert (without_aws.value, without_aws.limit) == (0.375, 0.5)
    assert without_aws.note == "1.00 of 3.00 ms"


def test_a_route_that_does_not_call_aws_is_compared_only_as_a_whole() -> None:
    whole = {"ours": [1.0], "FastAPI + Mangum": [4.0], "Powertools": [2.0]}
    found = {"whole": whole, "aws": {who: [0.0] for who in whole}}

    assert [figure.value for figure in route_figures("GET", found, 1.0)] == [0.25, 0.5]


def test_a_group_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cold"]) == 2
    assert capsys.readouterr().out == f"no such group: cold; there are {', '.join(GROUPS)}\n"


def test_markdown_has_a_table_for_each_group() -> None:
    groups = [Group("Size", [Figure("layer", 15.3, "MB", 16.0, "9 files")])]

    assert markdown(groups).splitlines() == [
        "## Size",
        "",
        "| measured | value | made of | limit | kept |",
        "|---|---|---|---|---|",
        "| layer | 15.3 MB | 9 files | ≤ 16 MB | yes |",
    ]
