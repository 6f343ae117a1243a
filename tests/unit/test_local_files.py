"""The files of a local stack: variables for the shell, locks, and a fingerprint of its source."""

import os
import stat
import subprocess
from pathlib import Path

from scripts.local.files import try_lock
from scripts.local.outputs import write_shell_file
from scripts.local.sam import build_fingerprint


def source(folder: Path) -> Path:
    (folder / "functions" / "query").mkdir(parents=True)
    (folder / "layers").mkdir()
    (folder / "template.yaml").write_text("Resources: {}\n")
    (folder / "functions" / "query" / "app.py").write_text("A = 1\n")
    (folder / "scripts").mkdir()
    (folder / "scripts" / "package_build.py").write_text("B = 1\n")
    return folder


def test_a_shell_reads_back_every_value(tmp_path: Path) -> None:
    path = tmp_path / "stack.env"

    write_shell_file(path, {"API_KEY": "it's $HOME; `true`", "EMPTY": ""})

    script = f'. "{path}"; env | grep -E "^(API_KEY|EMPTY)=" | sort'
    shown = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout == "API_KEY=it's $HOME; `true`\nEMPTY=\n"


def test_the_file_with_the_api_key_is_the_user_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "stack.env"

    write_shell_file(path, {"API_KEY": "secret"})

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_lock_is_held_until_it_is_closed(tmp_path: Path) -> None:
    lock = try_lock(tmp_path / "lock")
    assert lock is not None
    assert try_lock(tmp_path / "lock") is None

    os.close(lock)

    again = try_lock(tmp_path / "lock")
    assert again is not None
    os.close(again)


def test_a_lock_outlives_its_first_holder_in_a_child_process(tmp_path: Path) -> None:
    lock = try_lock(tmp_path / "lock")
    assert lock is not None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=(lock,)) as child:
        os.close(lock)
        assert try_lock(tmp_path / "lock") is None
        child.terminate()
        child.wait()

        again = try_lock(tmp_path / "lock")
        assert again is not None
        os.close(again)


def test_the_fingerprint_follows_the_source_and_not_its_caches(tmp_path: Path) -> None:
    checkout = source(tmp_path)
    before = build_fingerprint(checkout)

    cache = checkout / "functions" / "query" / "__pycache__"
    cache.mkdir()
    (cache / "app.cpython-311.pyc").write_bytes(b"x")
    assert build_fingerprint(checkout) == before

    (checkout / "functions" / "query" / "app.py").write_text("A = 2\n")
    changed = build_fingerprint(checkout)
    assert changed != before

    (checkout / "scripts" / "package_build.py").write_text("B = 2\n")
    assert build_fingerprint(checkout) not in {before, changed}
