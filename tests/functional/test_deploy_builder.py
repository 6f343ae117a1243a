"""Which interpreter, or Docker, builds the functions of `make deploy`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts.deploy.builder import HERE, Builder, choose_builder, find_interpreter
from scripts.environments import UnusableError

OTHER = "python3.99"
ALLOWED = ("python3.11", "python3.12", "python3.13", OTHER)


def program(folder: Path, body: str) -> Path:
    """Write a program with the wanted runtime's name."""
    folder.mkdir(exist_ok=True)
    path = folder / OTHER
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return folder


def working(folder: Path) -> Path:
    return program(folder, f"echo {OTHER}; echo {folder}/real/{OTHER}")


def no_docker() -> bool:
    return False


def test_the_first_interpreter_that_works_builds_and_sam_finds_it_first(tmp_path: Path) -> None:
    path = f"/nonexistent::{working(tmp_path / 'one')}:{working(tmp_path / 'two')}"

    builder = choose_builder(OTHER, ALLOWED, path, no_docker)

    assert builder == Builder(OTHER, tmp_path / "one" / "real" / OTHER)
    assert builder.options == []
    assert builder.search_path(path) == f"{tmp_path}/one/real:{path}"


@pytest.mark.parametrize(
    "body",
    [
        "echo 'pyenv: python3.99: command not found' >&2; exit 127",
        "echo \"ModuleNotFoundError: No module named 'pip'\" >&2; exit 1",
        f"echo {HERE}; echo /usr/bin/{HERE}",
        "exit 0",
    ],
)
def test_a_shim_that_fails_and_a_python_without_pip_are_skipped(tmp_path: Path, body: str) -> None:
    shim = program(tmp_path / "shims", body)

    assert find_interpreter(OTHER, f"{shim}") is None
    assert find_interpreter(OTHER, f"{shim}:{working(tmp_path / 'usr')}") is not None
    assert choose_builder(OTHER, ALLOWED, str(shim), lambda: True) == Builder(OTHER, None)


def test_a_file_that_is_no_program_is_skipped(tmp_path: Path) -> None:
    program(tmp_path, "").joinpath(OTHER).write_bytes(b"\x7fELF")

    assert find_interpreter(OTHER, str(tmp_path)) is None


def test_docker_builds_in_a_container() -> None:
    builder = choose_builder(OTHER, ALLOWED, "", lambda: True)

    assert builder.options == ["--use-container"]
    assert builder.search_path("/usr/bin") == "/usr/bin"


def test_the_current_interpreter_is_used_without_a_search() -> None:
    assert choose_builder(HERE, ALLOWED, "", no_docker).interpreter == Path(sys.executable)


def test_without_either_the_functions_get_the_current_interpreters_runtime() -> None:
    assert choose_builder(OTHER, ALLOWED, "", no_docker) == Builder(HERE, Path(sys.executable))


def test_a_runtime_that_the_template_does_not_allow_is_never_chosen() -> None:
    with pytest.raises(UnusableError, match=r"this python3\.98 is none of python3\.11, "):
        choose_builder(OTHER, ALLOWED, "", no_docker, here="python3.98")
