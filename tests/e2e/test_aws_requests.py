"""The requests to AWS for each conversation, as ``make bench`` counts them."""

from __future__ import annotations

from benchmarks.__main__ import measured


def test_conversations_need_no_more_requests_than_their_limits() -> None:
    figures = measured("aws_requests").figures

    limited = [figure for figure in figures if figure.limit is not None]
    assert len(limited) == 3
    assert [figure.name for figure in limited if figure.is_fault] == []
