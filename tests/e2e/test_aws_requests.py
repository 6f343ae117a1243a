"""The requests to AWS for each conversation, and the units of reads, as ``make bench`` has them."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import measured


def test_conversations_need_no_more_requests_than_their_limits() -> None:
    figures = measured("aws_requests").figures

    limited = [figure for figure in figures if figure.limit is not None]
    assert len(limited) == 3
    assert [figure.name for figure in limited if not figure.is_kept] == []


def test_a_read_costs_no_more_units_in_a_larger_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_SIZES", "100 200")
    figures = measured("reads").figures

    assert len(figures) == 16
    assert [figure.name for figure in figures if not figure.is_kept] == []
