"""The dashboard's files as the query function serves them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from functions.query import app
from tests.functional.conftest import Clock, make_parts
from tests.functional.query import Query

FOLDER = Path(app.__file__).parent / "dashboard"
FILES = sorted(path.name for path in FOLDER.iterdir() if path.name != "index.html")
SCRIPTS = sorted(FOLDER.glob("*.js"))


@pytest.fixture
def query(clock: Clock) -> Iterator[Query]:
    with mock_aws():
        yield Query(make_parts(clock))


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_served_with_a_tag_and_a_type(query: Query, name: str) -> None:
    response = query.get(f"/dashboard/{name}")
    assert response.status == 200
    assert response.body == (FOLDER / name).read_text("utf-8")
    assert response.headers["ETag"]
    assert not response.headers["Content-Type"].startswith("application/octet")


def test_the_page_loads_only_files_that_are_there_by_relative_addresses(query: Query) -> None:
    loaded = re.findall(r'(?:src|href)="([^"#]+)"', query.get("/dashboard").body)
    assert "dashboard/app.js" in loaded
    assert [query.get(f"/{name}").status for name in loaded] == [200] * len(loaded)


def test_with_a_slash_at_its_end_the_page_is_found_below_any_prefix(query: Query) -> None:
    response = query.get("/dashboard/")
    assert (response.status, response.headers["Location"]) == (308, "../dashboard")


def test_the_page_runs_no_script_and_no_style_but_its_own(query: Query) -> None:
    policy = query.get("/dashboard").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "connect-src 'self'" in policy


def test_the_page_may_send_files_to_the_bucket_of_uploads(clock: Clock) -> None:
    bucket = "https://files.s3.eu-central-1.amazonaws.com"
    with mock_aws():
        query = Query(make_parts(clock, UPLOAD_ORIGIN=bucket))
        policy = query.get("/dashboard").headers["Content-Security-Policy"]
        assert f"connect-src 'self' {bucket};" in policy
        assert bucket not in query.get("/docs").headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_turns_text_into_markup(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)


@pytest.mark.parametrize("name", ["app.py", "..%2Fapp.py", "%2e%2e/app.py", "index.html", "x.js"])
def test_there_are_no_other_files(query: Query, name: str) -> None:
    assert query.get(f"/dashboard/{name}").status == 404


def test_the_page_with_all_its_files_weighs_at_most_150_kb_compressed() -> None:
    packed = [len(gzip.compress(path.read_bytes(), 6)) for path in FOLDER.iterdir()]
    assert sum(packed) <= 150_000


def test_the_page_preloads_what_its_first_view_needs() -> None:
    needed = {"app.js", "overview.js"}
    while True:
        texts = [(FOLDER / name).read_text("utf-8") for name in needed]
        imported = {
            one
            for text in texts
            for one in re.findall(r'^import .*"\./(.+)";$', text, re.MULTILINE)
        }
        if imported <= needed:
            break
        needed |= imported
    html = (FOLDER / "index.html").read_text("utf-8")
    preloaded = re.findall(r'<link rel="modulepreload" href="dashboard/(.+)">', html)
    assert preloaded == sorted(needed - {"app.js"})
