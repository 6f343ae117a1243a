"""The dashboard's tools in a real browser: try, import, jobs, profile and alerts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.browser import DESKTOP, PHONE, Visit, expect
from tests.e2e.conftest import Client, until

MARKUP = "<img src=x onerror=alert(1)>"
RULES = "/api/v1/alerts/rules"
SLOW = 90_000
TOOLS = ("try", "import", "jobs", "profile", "alerts")


@pytest.fixture
def same_profile(client: Client) -> Iterator[None]:
    """Activate the present profile again after the test."""
    before = client.get("/api/v1/profile").json()["version"]
    yield
    path = f"/api/v1/profile/versions/{before}/activate"
    client.http.post(path, headers={"If-Match": "*"})


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """Return a file with three good lines, one of which is markup, and a line without a text."""
    name = str(uuid4())
    lines = ["Ticket;Body;Date", f"{name}-1;{MARKUP} is late;2026-11-20T10:00:00Z"]
    lines += [f'{name}-{number};"Late; ""again""";2026-11-20T10:00:00Z' for number in (2, 3)]
    path = tmp_path / f"{name}.csv"
    path.write_text("\n".join([*lines, f"{name}-4;;2026-11-20T10:00:00Z", ""]), "utf-8")
    return path


# ------------------------------------------------------------------ try it


def test_a_conversation_in_turns_is_tried_and_deleted(visit: Visit, client: Client) -> None:
    visitor = visit()
    page = visitor.sign_in("#try")
    page.get_by_role("button", name="Turns").click()
    page.get_by_role("button", name="Analyse").click()
    expect(page.get_by_text("Write or paste a conversation first.")).to_be_visible()
    page.get_by_label("Words of turn 1").fill(f"{MARKUP} My parcel is late.")
    page.get_by_role("button", name="Add a turn").click()
    expect(page.get_by_label("Words of turn 2")).to_be_focused()
    page.get_by_label("Words of turn 2").fill("I am sorry.")
    page.get_by_role("button", name="Analyse").click()
    card = page.locator(".insight-card")
    expect(card).to_contain_text("in mock mode", timeout=SLOW)
    expect(card).to_contain_text("My parcel is late.")
    assert visitor.violations() == []
    link = page.get_by_role("link", name="Show on the overview").get_attribute("href") or ""
    identity = link.partition("open=")[2]
    messages = client.get(f"/api/v1/conversations/{identity}").json()["messages"]
    assert [one["role"] for one in messages] == ["customer", "agent"]
    page.get_by_role("button", name="Delete this conversation").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The conversation is deleted.")).to_be_visible()
    assert client.get(f"/api/v1/conversations/{identity}").status_code == 404
    expect(page.locator("main img")).to_have_count(0)
    assert visitor.errors == []


def test_what_was_written_is_kept_while_another_view_is_shown(visit: Visit) -> None:
    page = visit().sign_in("#try")
    page.get_by_label("Conversation", exact=True).fill("A long text.")
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Conversation", exact=True)).to_have_value("A long text.")


# ------------------------------------------------------------------ import and jobs


def test_a_file_is_previewed_checked_and_imported_and_its_rejected_lines_are_downloaded(
    visit: Visit, csv: Path
) -> None:
    visitor = visit()
    page = visitor.sign_in("#import")
    page.set_input_files("input[type=file]", csv)
    expect(page.get_by_label("Separator")).to_have_value(";")
    expect(page.get_by_label("Use of the column Body")).to_have_value("text")
    expect(page.get_by_label("Use of the column Ticket")).to_have_value("external_id")
    expect(page.get_by_label("Use of the column Date")).to_have_value("occurred_at")
    expect(page.locator(".preview tbody tr")).to_have_count(4)
    expect(page.locator(".preview")).to_contain_text(f"{MARKUP} is late")
    expect(page.locator(".preview")).to_contain_text('Late; "again"')
    assert visitor.violations() == []
    page.get_by_role("button", name="Check the file").click()
    start = page.get_by_role("button", name="Import 4 lines")
    expect(start).to_be_visible(timeout=SLOW)
    expect(page.locator("main")).to_contain_text("Cost, with Grok")
    assert visitor.violations() == []
    start.click()
    expect(page.locator(".job")).to_contain_text("3 lines accepted, 1 rejected.", timeout=SLOW)
    assert visitor.violations() == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download rejected lines").click()
    rejected = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert rejected["line"] == 5
    page.reload()
    expect(page.locator(".job")).to_contain_text("Completed", timeout=SLOW)
    expect(page.locator("main img")).to_have_count(0)
    assert visitor.errors == []


def test_a_file_that_was_imported_before_is_imported_again_only_after_a_click(
    visit: Visit, csv: Path
) -> None:
    page = visit().sign_in("#import")
    for _ in range(2):
        page.set_input_files("input[type=file]", csv)
        page.get_by_role("button", name="Check the file").click()
        page.get_by_role("button", name="Import 4 lines").click(timeout=SLOW)
        expect(page.locator(".job .badge")).not_to_have_text("Running", timeout=SLOW)
        if page.locator(".job .badge").inner_text() == "Completed":
            page.get_by_role("link", name="Import another file").click()
    page.get_by_role("button", name="Import the file again").click()
    expect(page.locator(".job")).to_contain_text("3 of them known before", timeout=SLOW)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04rest", "This is an Excel or ZIP file."),
        (b'[{"text": "One"}]', "This is a JSON array."),
        (b"T\x00e\x00x\x00t\x00", "This is not a text"),
    ],
    ids=["empty", "zip", "array", "utf-16"],
)
def test_a_file_that_cannot_be_imported_is_named_before_it_is_sent(
    visit: Visit, content: bytes, complaint: str
) -> None:
    page = visit().sign_in("#import")
    file: Any = {"name": "file.csv", "mimeType": "text/csv", "buffer": content}
    page.set_input_files("input[type=file]", file)
    expect(page.get_by_text(complaint)).to_be_visible()
    expect(page.get_by_role("button", name="Check the file")).to_be_hidden()


# ------------------------------------------------------------------ re-analysis


def test_the_conversations_of_a_filter_are_analysed_again_after_a_question(
    visit: Visit, client: Client, unique: Any
) -> None:
    name = unique("again")
    sent = {"text": "My parcel is late.", "external_id": name}
    insight = f"/api/v1/insights/{client.post('/api/v1/conversations', sent).json()['id']}"
    until(lambda: client.get(insight).status_code == 200, 30, "an insight")
    visitor = visit()
    page = visitor.sign_in(f"#overview?range=24h&external_id={name}")
    page.get_by_role("link", name="Analyse these again").click()
    expect(page.locator("main")).to_contain_text(f"External ID: {name}")
    page.get_by_role("button", name="Estimate the cost").click()
    start = page.get_by_role("button", name="Analyse 1 conversation again")
    expect(start).to_be_visible(timeout=SLOW)
    assert visitor.violations() == []
    start.click()
    expect(page.get_by_role("dialog")).to_contain_text("With Grok, this costs about $0.00")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert len(client.get(f"{insight}/versions").json()["items"]) == 1
    start.click()
    page.get_by_role("dialog").get_by_role("button", name="Analyse again").click()
    expect(page.locator("#toast")).to_have_text("The re-analysis has started.")
    row = page.locator(".jobs tbody tr").first
    expect(row).to_contain_text(f"External ID: {name}")
    expect(row).to_contain_text("1 insight replaced, 0 of them changed.", timeout=120_000)
    assert len(client.get(f"{insight}/versions").json()["items"]) == 2
    page.get_by_role("link", name="Choose all conversations").click()
    expect(page.locator("main")).to_contain_text("To choose some of them, set filters")
    assert visitor.errors == []


# ------------------------------------------------------------------ profile


def test_a_new_field_is_saved_answered_and_has_its_chart(
    visit: Visit, client: Client, same_profile: None, unique: Any
) -> None:
    name = unique("risk").replace("-", "_")
    visitor = visit()
    page = visitor.sign_in("#profile")
    page.get_by_role("button", name="Add a field").click()
    page.get_by_label("Field", exact=True).last.fill("Not snake case")
    page.get_by_label("Type").last.select_option("enum")
    page.get_by_label("Values, with commas").last.fill("low, high")
    page.get_by_role("button", name="Save and activate").click()
    error = page.get_by_text("It must be in snake_case, like churn_risk.")
    expect(error).to_be_visible()
    expect(page.get_by_label("Field", exact=True).last).to_be_focused()
    assert visitor.violations() == []
    page.get_by_label("Field", exact=True).last.fill(name)
    page.get_by_label("What changed").fill(f"adds {name}")
    page.get_by_role("button", name="Save and activate").click()
    expect(page.locator(".version").first).to_contain_text(f"adds {name}")
    expect(page.locator(".version").first).to_contain_text("Active")
    assert [one["name"] for one in client.get("/api/v1/profile").json()["fields"]][-1] == name
    page.get_by_role("link", name="Try it").click()
    page.get_by_role("button", name="Use an example").click()
    page.get_by_role("button", name="Analyse").click()
    words = name.replace("_", " ").capitalize()
    expect(page.locator(".insight-card .facts")).to_contain_text(words, timeout=SLOW)
    page.get_by_role("link", name="Show on the overview").click()
    expect(page.get_by_role("heading", name=words)).to_be_visible(timeout=SLOW)
    assert [one for one in visitor.errors if "422" not in one] == []


def test_a_profile_is_tried_on_a_pasted_conversation_before_it_is_saved(
    visit: Visit, client: Client, same_profile: None
) -> None:
    before = client.get("/api/v1/profile/versions").json()
    newest = client.get("/api/v1/insights", limit=1).json()["items"]
    visitor = visit()
    page = visitor.sign_in("#profile")
    preview = page.get_by_role("region", name="Preview")
    preview.get_by_role("button", name="Preview").click()
    expect(preview).to_contain_text("Paste a conversation first.")
    preview.get_by_label("A conversation").fill("My parcel is late, and I am angry.")
    page.get_by_role("button", name="Add a field").click()
    preview.get_by_role("button", name="Preview").click()
    expect(preview).to_contain_text("The profile has errors.", timeout=SLOW)
    page.get_by_label("Field", exact=True).last.fill("was_solved")
    page.get_by_label("Type").last.select_option("boolean")
    preview.get_by_role("button", name="Preview").click()
    expect(preview.locator(".facts")).to_contain_text("Was solved", timeout=SLOW)
    expect(preview.locator(".badge")).to_have_text("Negative")
    assert visitor.violations() == []
    assert client.get("/api/v1/profile/versions").json() == before
    assert client.get("/api/v1/insights", limit=1).json()["items"] == newest
    assert [one for one in visitor.errors if "422" not in one] == []


def test_an_older_version_is_activated_after_a_question(
    visit: Visit, client: Client, same_profile: None, unique: Any
) -> None:
    before = client.get("/api/v1/profile").json()
    visitor = visit()
    page = visitor.sign_in("#profile")
    page.get_by_role("button", name="Add a label").click()
    page.get_by_label("Label", exact=True).last.fill(unique("label").replace("-", "_"))
    page.get_by_role("button", name="Save and activate").click()
    page.get_by_role("button", name=f"Activate version {before['version']}", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Activate").click()
    expect(page.locator("#toast")).to_have_text(f"Version {before['version']} is active")
    assert client.get("/api/v1/profile").json() == before
    page.reload()
    expect(page.get_by_text(f"Version {before['version']}, without changes.")).to_be_visible()
    assert visitor.errors == []


def test_a_version_that_somebody_else_saved_is_not_lost(
    visit: Visit, client: Client, same_profile: None, unique: Any
) -> None:
    page = visit().sign_in("#profile")
    profile = client.get("/api/v1/profile").json()
    theirs = {name: value for name, value in profile.items() if name != "version"}
    theirs |= {"note": "theirs", "instructions": unique("their instructions")}
    client.http.put("/api/v1/profile", json=theirs, headers={"If-Match": "*"})
    page.get_by_label("Instructions", exact=True).fill("Mine.")
    page.get_by_label("What changed").fill("mine")
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.get_by_role("dialog")).to_contain_text("Somebody saved another version")
    page.get_by_role("dialog").get_by_role("button", name="Save mine").click()
    expect(page.locator(".version").nth(0)).to_contain_text("mine")
    expect(page.locator(".version").nth(1)).to_contain_text("theirs")


def test_proposals_are_promoted_merged_and_dismissed(
    visit: Visit, client: Client, same_profile: None
) -> None:
    proposals = [{"topic": topic, "count": 3} for topic in ("broken_lid", "wet_box", "noise")]
    visitor = visit()
    path = "**/api/v1/profile/proposals*"
    visitor.page.route(path, lambda route: route.fulfill(json={"items": proposals}))
    dismissed: list[str] = []

    def dismiss(route: Any) -> None:
        dismissed.append(route.request.url)
        route.fulfill(status=204)

    visitor.page.route("**/api/v1/profile/proposals/*", dismiss)
    page = visitor.sign_in("#profile")
    page.get_by_role("button", name="Add broken_lid as a label").click()
    expect(page.get_by_label("Label", exact=True).last).to_have_value("broken_lid")
    page.get_by_label("Merge wet_box into a label").select_option("broken_lid")
    expect(page.get_by_label("Aliases, with commas").last).to_have_value("wet_box")
    page.get_by_role("button", name="Dismiss noise").click()
    until(lambda: len(dismissed) == 1, 10, "a request to dismiss")
    assert dismissed[0].endswith("/noise")
    assert visitor.violations() == []
    page.get_by_role("button", name="Save and activate").click()
    expect(page.locator("#toast")).to_contain_text("is active")
    label = client.get("/api/v1/profile").json()["topics"]["labels"][-1]
    assert (label["name"], label["aliases"]) == ("broken_lid", ["wet_box"])


# ------------------------------------------------------------------ alerts


def test_a_rule_is_added_breached_shown_and_deleted(
    visit: Visit, client: Client, unique: Any
) -> None:
    name = unique("rule")
    visitor = visit()
    page = visitor.sign_in("#alerts")
    page.get_by_label("Name of the rule").fill("Not a name")
    page.get_by_label("Conversations with").select_option("sentiment")
    page.get_by_label("Value").select_option("negative")
    page.get_by_label("More than", exact=True).fill("0")
    page.get_by_label("Within").select_option("1d")
    page.get_by_role("button", name="Add the rule").click()
    expect(page.get_by_label("Name of the rule")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Name of the rule")).to_be_focused()
    assert visitor.violations() == []
    page.get_by_label("Name of the rule").fill(name)
    page.get_by_role("button", name="Add the rule").click()
    expect(page.locator("main")).to_contain_text(
        "More than 0 conversations in a day with sentiment negative."
    )
    rule = next(one for one in client.get(RULES).json()["items"] if one["name"] == name)
    assert (rule["label"], rule["above"], rule["window"]) == ("sentiment:negative", 0, "1d")
    assert visitor.violations() == []
    page.get_by_role("button", name=f"Delete the rule {name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name=f"Delete the rule {name}")).to_have_count(0)
    assert [one for one in visitor.errors if "422" not in one] == []


def test_an_alert_leads_to_its_conversations(visit: Visit) -> None:
    rule = {"name": "many-refunds", "label": "topic:refund", "measure": "share", "above": 0.2}
    alert = {
        "id": "0b5a4f5e-3c1f-5f0e-8f57-2f9d3c0f4a11",
        "status": "breached",
        "rule": rule | {"minimum": 20, "window": "1h"},
        "since": "2026-11-24T10:15:00.000Z",
        "ended_at": None,
        "window": {"from": "2026-11-24T10:00:00.000Z", "to": "2026-11-24T11:00:00.000Z"},
        "count": 30,
        "completed": 100,
        "value": 0.3,
    }
    visitor = visit()
    visitor.page.route("**/api/v1/alerts", lambda route: route.fulfill(json={"items": [alert]}))
    page = visitor.sign_in("#alerts")
    expect(page.locator("main")).to_contain_text("30%: 30 of 100 conversations.")
    assert visitor.violations() == []
    page.get_by_role("link", name="Show the conversations").click()
    expect(page.locator(".chip").filter(has_text="Topic: refund")).to_be_visible()
    assert "from=2026-11-24T10:00:00.000Z" in page.url


# ------------------------------------------------------------------ every view


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_tool_is_accessible_and_fits(
    visit: Visit, scheme: str, viewport: dict[str, int]
) -> None:
    visitor = visit(color_scheme=scheme, viewport=viewport)
    page = visitor.sign_in("#try")
    for name in TOOLS:
        page.evaluate("view => { location.hash = view; }", name)
        expect(page.locator(f".view.{name} h2").first).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        expect(page).to_have_title(re.compile(".+ Grok Insights"))
        assert visitor.violations() == [], name
        assert visitor.fits(), name
    assert visitor.errors == []


# ------------------------------------------------------------------ last: it leaves a backlog


def test_a_job_is_cancelled_and_started_again_and_is_in_the_list(
    visit: Visit, tmp_path: Path
) -> None:
    name = f"{uuid4()}.jsonl"
    line = json.dumps({"text": f"My parcel of {name} is late"})
    (tmp_path / name).write_text(f"{line}\n" * 1_500, "utf-8")
    visitor = visit()
    page = visitor.sign_in("#import")
    page.set_input_files("input[type=file]", tmp_path / name)
    expect(page.locator("main")).to_contain_text("conversations as the API accepts them")
    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("button", name="Import 1,500 lines").click(timeout=SLOW)
    page.get_by_role("button", name=f"Cancel import of {name}").click(timeout=SLOW)
    page.get_by_role("dialog").get_by_role("button", name="Cancel the job").click()
    page.get_by_role("button", name=f"Start import of {name} again").click(timeout=SLOW)
    page.get_by_role("link", name="All jobs").click()
    row = page.locator(".jobs tr").filter(has=page.get_by_role("link", name=name))
    expect(row).to_contain_text("Completed", timeout=120_000)
    expect(row).to_contain_text("1,500 lines accepted")
    assert visitor.violations() == []
    assert visitor.errors == []
