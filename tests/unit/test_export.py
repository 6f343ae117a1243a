"""The export, with an API behind httpx's own transport."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from grok_insights.domain.insight_row import COLUMNS, row
from scripts.export import Api, ExportError, export
from tests.builders import failed_insight, insight

QUIET = Console(file=io.StringIO())


def shown(**overrides: Any) -> dict[str, Any]:
    """Return an insight as the API shows it."""
    body: dict[str, Any] = json.loads(json.dumps(insight().as_json()))
    return {**body, **overrides}


def api(responses: list[httpx.Response], waits: list[float] | None = None) -> tuple[Api, list[str]]:
    """Return an API with these responses to the list, in turn, and without trends."""
    asked: list[str] = []

    def response(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/trends"):
            return httpx.Response(503)
        asked.append(request.url.query.decode())
        return responses.pop(0)

    client = httpx.Client(transport=httpx.MockTransport(response), base_url="https://api.example")
    return Api(client, (waits if waits is not None else []).append), asked


def page(items: list[dict[str, Any]], cursor: str | None = None) -> httpx.Response:
    return httpx.Response(200, json={"items": items, "next_cursor": cursor})


def test_all_pages_come_into_both_files_also_behind_an_empty_one(tmp_path: Path) -> None:
    server, asked = api([page([shown(id="a")], "c1"), page([], "c2"), page([shown(id="b")])])
    files = [tmp_path / "insights.csv", tmp_path / "insights.jsonl"]
    assert export(server, {"topic": "refund"}, files, QUIET) == 2
    assert asked == [
        "topic=refund&limit=100",
        "topic=refund&cursor=c1&limit=100",
        "topic=refund&cursor=c2&limit=100",
    ]
    rows = list(csv.DictReader(files[0].read_text("utf-8").splitlines()))
    assert [(one["id"], one["topics"]) for one in rows] == [
        ("a", "delivery;refund"),
        ("b", "delivery;refund"),
    ]
    assert {one["occurred_at"] for one in rows} == {"2026-11-23T10:15:00.000Z"}
    lines = files[1].read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["a", "b"]


def test_it_waits_as_long_as_the_api_says(tmp_path: Path) -> None:
    waits: list[float] = []
    server, _ = api([httpx.Response(429, headers={"Retry-After": "17"}), page([shown()])], waits)
    assert export(server, {}, [tmp_path / "x.jsonl"], QUIET) == 1
    assert waits == [17.0]


def test_a_broken_off_export_leaves_no_file_under_its_name(tmp_path: Path) -> None:
    server, _ = api([page([shown()], "c1"), httpx.Response(400, text="foreign cursor")])
    with pytest.raises(ExportError, match="foreign cursor"):
        export(server, {}, [tmp_path / "x.csv"], QUIET)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_export_leaves_no_file_at_all(tmp_path: Path) -> None:
    def interrupt(_: float) -> None:
        assert len(list(tmp_path.iterdir())) == 2
        raise KeyboardInterrupt

    server, _ = api([page([shown()], "c1"), httpx.Response(503)])
    server.sleep = interrupt
    with pytest.raises(KeyboardInterrupt):
        export(server, {}, [tmp_path / "x.csv", tmp_path / "x.jsonl"], QUIET)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [("no/such/folder/x.csv", "No such file or directory"), ("folder.csv", "it is a folder")],
)
def test_a_file_that_cannot_be_written_is_named_and_the_others_leave_nothing(
    tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    server, asked = api([])
    with pytest.raises(ExportError, match=f"{name} cannot be written: {reason}"):
        export(server, {}, [tmp_path / "x.jsonl", tmp_path / name], QUIET)
    assert asked == []
    assert [one.name for one in tmp_path.iterdir()] == ["folder.csv"]


def test_a_name_without_a_known_format_is_refused(tmp_path: Path) -> None:
    server, _ = api([])
    with pytest.raises(ExportError, match=r"\.csv or \.jsonl"):
        export(server, {}, [tmp_path / "x.xlsx"], QUIET)


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff20SUM(A1)",
    "\ufe661",
]
BEFORE = ["", "\t", "\r", "\n", "\r\n", " ", "\u00a0", "\ufeff", "\u200b", "\x00"]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("before", BEFORE)
def test_no_cell_is_a_formula(before: str, formula: str) -> None:
    assert f"'{before}{formula}" in row(shown(summary=f"{before}{formula}"))


@pytest.mark.parametrize("summary", ["Late - refund", "a=b", "1+1", "", " ", "mail@example.com"])
def test_other_cells_stay_as_they_are(summary: str) -> None:
    assert summary in row(shown(summary=summary))


def test_a_failed_insight_has_its_reason(tmp_path: Path) -> None:
    cells = row(json.loads(json.dumps(failed_insight().as_json())))
    assert "refused" in cells
    assert "Grok refused to answer" in cells


def test_fields_segments_and_quotes_have_columns_of_their_own() -> None:
    cells = row(
        shown(
            fields={"resolved": False, "competitor": "A;B"},
            segments={"channel": "chat"},
            quotes=[{"text": "Late", "start": 0, "end": 4}, {"text": "-1", "start": 9, "end": 11}],
        )
    )
    found = dict(zip(COLUMNS, cells, strict=True))
    assert found["fields"] == '{"resolved":false,"competitor":"A;B"}'
    assert found["segments"] == '{"channel":"chat"}'
    assert found["quotes"] == "Late\n-1"
    assert found["occurred_at"] == "2026-11-23T10:15:00.000Z"
    assert dict(zip(COLUMNS, row(shown()), strict=True))["fields"] == ""
