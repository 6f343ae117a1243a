"""The top level of the repository has few files, each of which a newcomer expects there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

FOLDERS = {"benchmarks", "docs", "functions", "infra", "layers", "profiles", "scripts", "tests"}
FILES = {
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "pyproject.toml"),
    *("requirements-dev.txt", "samconfig.toml", "template.yaml", "uv.lock"),
}


@pytest.mark.skipif(not (CHECKOUT / ".git").exists(), reason="no repository")
def test_nothing_else_is_at_the_top_level() -> None:
    git = ["git", "ls-tree", "--name-only", "-z", "HEAD"]
    listed = subprocess.run(git, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    names = {name for name in listed.stdout.split("\0") if name and not name.startswith(".")}
    assert names == FOLDERS | FILES
