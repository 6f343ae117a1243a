"""GitHub's workflows: pinned, with minimal rights, and with the developers' commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infrastructure.transformed import walk
from tests.template import PATH

FOLDER = PATH.parent / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))


def loaded(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_to_a_commit_and_say_which_version_it_is(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert lines
    for line in (one for one in lines if "uses: ./" not in one):
        assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_the_code_and_nothing_else(path: Path) -> None:
    assert loaded(path)["permissions"] == {"contents": "read"}
    for job in loaded(path)["jobs"].values():
        assert set(job.get("permissions", {})) <= {"contents", "id-token"}


def test_a_deployment_waits_for_the_checks() -> None:
    assert "workflow_call" in loaded(FOLDER / "checks.yml")[True]  # YAML 1.1 reads "on" as True
    jobs = loaded(FOLDER / "deploy.yml")["jobs"]
    [checks] = [name for name, job in jobs.items() if "uses" in job]
    assert jobs[checks]["uses"] == "./.github/workflows/checks.yml"
    for name in jobs.keys() - {checks}:
        assert checks in before(jobs, name), name


def before(jobs: dict[str, Any], name: str) -> set[str]:
    """Return the jobs that must pass before a job starts."""
    needs = jobs[name].get("needs", [])
    direct = {needs} if isinstance(needs, str) else set(needs)
    return direct.union(*(before(jobs, one) for one in direct))


def test_the_audit_fails_where_it_could_audit_nothing() -> None:
    [audit] = re.findall(
        r"^\t.*pip-audit .*$", (PATH.parent / "Makefile").read_text(), re.MULTILINE
    )
    assert " --strict" in audit


def test_no_workflow_knows_a_secret() -> None:
    for path in WORKFLOWS:
        assert "secrets." not in path.read_text(encoding="utf-8")


def test_every_command_is_one_of_make() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PATH.parent / "Makefile").read_text(), re.MULTILINE))
    commands = [
        one["run"]
        for path in WORKFLOWS
        for one in walk(loaded(path)["jobs"])
        if isinstance(one, dict) and "run" in one
    ]
    made = [command.split()[1] for command in commands if command.startswith("make ")]
    assert {"check", "test", "deploy", "audit"} <= set(made) <= targets
    assert [one for one in commands if not one.startswith(("make ", "docker pull "))] == []
