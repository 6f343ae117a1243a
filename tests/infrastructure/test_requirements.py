"""uv.lock pins every package once, and the files for pip and SAM are exported from it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scripts.local import bootstrap
from scripts.template import read_template
from tests.template import PATH

CHECKOUT = PATH.parent
DEV, LAYER = Path("requirements-dev.txt"), Path("layers/shared/requirements.txt")
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))


def uv(*arguments: str) -> str:
    """Return the output of uv, without a registry and independent of the machine's settings."""
    command = [sys.executable, "-m", "uv", *arguments, "--offline"]
    shell = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    done = subprocess.run(
        command, cwd=CHECKOUT, env=shell, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_lock_names_no_registry_but_pypi() -> None:
    lock = tomllib.loads((CHECKOUT / "uv.lock").read_text("utf-8"))
    registries = {one["source"].get("registry", "") for one in lock["package"]} - {""}
    assert registries == {"https://pypi.org/simple"}
    text = (CHECKOUT / "uv.lock").read_text("utf-8")
    hosts = {urlsplit(url).netloc for url in re.findall(r"\w+://[^\s\"]+", text)}
    assert hosts == {"pypi.org", "files.pythonhosted.org"}


def test_the_lock_is_of_what_pyproject_asks_for() -> None:
    uv("lock", "--check")


@pytest.mark.parametrize("path", [DEV, LAYER], ids=str)
def test_an_exported_file_is_of_the_lock(path: Path) -> None:
    text = (CHECKOUT / path).read_text("utf-8")
    [options] = re.findall(rf"^#    uv export (.*) --output-file {path}$", text, re.MULTILINE)
    exported = uv("export", *shlex.split(options))
    assert pins(text) == pins(exported)


def pins(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_there_are_no_other_files_of_requirements() -> None:
    found = [*CHECKOUT.glob("*requirements*"), *(CHECKOUT / "layers").rglob("*requirements*")]
    assert {path.relative_to(CHECKOUT) for path in found} == {DEV, LAYER}


def test_every_dependency_group_can_be_installed_by_make() -> None:
    assert bootstrap.GROUPS.keys() | {"dev"} == PROJECT["dependency-groups"].keys()
    for options in bootstrap.GROUPS.values():
        assert exported_pins(*options) != set()


def test_what_measures_the_functions_has_the_layer_s_packages() -> None:
    layer = exported_pins("--no-default-groups")
    for group in ("bench", "bench-clients"):
        assert layer <= exported_pins(*bootstrap.GROUPS[group])


def exported_pins(*options: str) -> set[str]:
    return set(uv(*bootstrap.EXPORT, *options).splitlines())


def test_the_supported_versions_of_python_are_the_runtimes_of_the_template() -> None:
    [low, high] = re.findall(r"3\.(\d+)", PROJECT["project"]["requires-python"])
    allowed = read_template(PATH).parameters["PythonRuntime"].allowed
    assert sorted(allowed) == [f"python3.{minor}" for minor in range(int(low), int(high))]
