"""The interpreter that `make` builds with; names on PATH may be shims that do not work."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.template import read_template
from tests.template import PATH

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "local" / "find-python.sh"
SHELL = "/bin/sh"


def program(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.write_text(f"#!{SHELL}\n{body}\n")
    path.chmod(0o755)
    return path


def python(folder: Path, name: str) -> Path:
    return program(folder, name, f'exec "{sys.executable}" "$@"')


def find(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SHELL, str(SCRIPT)],
        env={"PATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["python3.13", "python3.12", "python3.11", "python3"])
def test_any_of_the_usual_names_is_found(tmp_path: Path, name: str) -> None:
    python(tmp_path, name)

    found = find(tmp_path)

    assert found.returncode == 0
    assert os.access(found.stdout.strip(), os.X_OK)


def test_a_shim_that_fails_is_skipped(tmp_path: Path) -> None:
    program(tmp_path, "python3.13", "echo 'python3.13: command not found' >&2; exit 127")
    python(tmp_path, "python3.11")

    assert find(tmp_path).returncode == 0


def test_an_older_python_is_skipped(tmp_path: Path) -> None:
    program(tmp_path, "python3", "exit 1  # as sys.exit(not (3, 11) <= sys.version_info) does")

    assert find(tmp_path).returncode == 1


def test_the_supported_versions_are_those_that_the_template_allows() -> None:
    script = SCRIPT.read_text()
    [names] = re.findall(r"for candidate in (.*) python3; do", script)
    allowed = read_template(PATH).parameters["PythonRuntime"].allowed
    [[low, high]] = re.findall(
        r"\(3, (\d+)\) <= sys.version_info < \(3, (\d+)\)", SCRIPT.read_text()
    )

    assert sorted(names.split()) == sorted(allowed)
    assert sorted(allowed) == [f"python3.{minor}" for minor in range(int(low), int(high))]


def test_no_interpreter_is_one_sentence_and_status_1(tmp_path: Path) -> None:
    found = find(tmp_path)

    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr == (
        "No working Python 3.11, 3.12 or 3.13 with its venv module was found: install one,"
        " or name it with PYTHON=/path/to/python.\n"
    )


def test_the_user_s_choice_is_taken_even_if_another_is_there(tmp_path: Path) -> None:
    python(tmp_path, "python3.13")
    chosen = program(tmp_path, "mine", 'if [ "$2" = "${2#*print}" ]; then exit 0; fi; echo mine')

    assert find(tmp_path, PYTHON=str(chosen)).stdout == "mine\n"


def test_a_chosen_interpreter_that_does_not_work_is_not_replaced(tmp_path: Path) -> None:
    python(tmp_path, "python3.13")

    found = find(tmp_path, PYTHON="/no/such/python")

    assert found.returncode == 1
    assert found.stderr.startswith("PYTHON=/no/such/python is not a working Python")
