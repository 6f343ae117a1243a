"""How a built layer is packed before it is deployed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.package_build import pack


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    layer = tmp_path / "build" / "SharedLayer" / "python"
    for name in ("grok_insights", "theirs", "requests", "requests-2.34.2.dist-info"):
        (layer / name).mkdir(parents=True)
    (layer / "grok_insights" / "__init__.py").write_text("OURS = 1\n")
    (layer / "theirs" / "__init__.py").write_text("THEIRS = 2\n")
    (layer / "theirs" / "data.txt").write_text("kept")
    (layer / "requests" / "__init__.py").write_text("")
    (layer / "alone.py").write_text("ALONE = 3\n")
    function = tmp_path / "build" / "QueryFunction"
    function.mkdir()
    (function / "app.py").write_text("import alone, theirs\nfrom grok_insights import OURS\n")
    pack(tmp_path / "build", sys.executable)
    return layer


def test_packed_code_runs_as_it_did(layer: Path) -> None:
    program = "import app; print(app.OURS, app.theirs.THEIRS, app.alone.ALONE)"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{layer}:{layer.parent.parent / 'QueryFunction'}"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split() == ["1", "2", "3"]


def test_packages_of_others_lose_their_source_and_nothing_else(layer: Path) -> None:
    assert not list(layer.glob("theirs/**/*.py"))
    assert not (layer / "alone.py").exists()
    assert (layer / "theirs" / "data.txt").read_text() == "kept"


def test_our_own_code_keeps_its_source_beside_what_is_compiled(layer: Path) -> None:
    assert (layer / "grok_insights" / "__init__.py").exists()
    assert list((layer / "grok_insights" / "__pycache__").glob("*.pyc"))


def test_what_no_function_loads_is_left_out(layer: Path) -> None:
    assert not list(layer.glob("requests*"))


def test_code_that_cannot_be_compiled_is_not_deployed(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def broken(:\n")
    with pytest.raises(subprocess.CalledProcessError):
        pack(tmp_path, sys.executable)
