"""Makes the virtual environment that everything else runs in, with the standard library alone.

Run by the Makefile before each target; does nothing while the requirements stay the same.
"""

import hashlib
import os
import re
import subprocess
import sys
import time
import venv
from pathlib import Path

from scripts.local.registry import uv_settings

_CHECKOUT = Path(__file__).resolve().parents[2]
_REQUIREMENTS = _CHECKOUT / "requirements-dev.txt"


def main(arguments: list[str]) -> int:
    """Makes the environment named by the first argument, unless it is there and up to date.

    A second argument names other requirements than those of development.
    """
    environment = Path(arguments[0]).absolute()
    requirements = _CHECKOUT / arguments[1] if arguments[1:] else _REQUIREMENTS
    stamp = environment / ".grok-insights"
    wanted = _fingerprint(requirements)
    if stamp.is_file() and stamp.read_text() == wanted:
        return 0
    if environment.exists() and not stamp.exists():
        print(f"{environment} was not made by this Makefile: move it, or set VENV to another path.")
        return 1
    return _make(environment, stamp, wanted, requirements)


def _fingerprint(requirements: Path) -> str:
    parts = (sys.executable, sys.version, requirements.read_text())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _make(environment: Path, stamp: Path, wanted: str, requirements: Path) -> int:
    started = time.monotonic()
    print(f"Installing {requirements.name} into {environment} ...", flush=True)
    environment.mkdir(parents=True, exist_ok=True)
    stamp.write_text("unfinished")
    try:
        venv.create(environment, with_pip=True, symlinks=True, upgrade_deps=False)
        _install(environment / "bin" / "python", requirements)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"The packages could not be installed: {error}")
        return 1
    stamp.write_text(wanted)
    print(f"Installed in {time.monotonic() - started:.0f} s", flush=True)
    return 0


def _install(python: Path, requirements: Path) -> None:
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "-qq"]
    _output([*pip, "install", _pinned("uv")], {})
    config = _output([*pip, "config", "list"], {})
    registry = uv_settings(config, os.environ) | {"VIRTUAL_ENV": str(python.parent.parent)}
    try:
        _output([str(python), "-m", "uv", "pip", "sync", "--quiet", str(requirements)], registry)
    except subprocess.CalledProcessError:
        print("uv could not install them; trying pip, which takes longer ...", flush=True)
        _output([*pip, "install", "--requirement", str(requirements)], {})


def _output(command: list[str], settings: dict[str, str]) -> str:
    result = subprocess.run(  # noqa: S603  fixed commands, no shell
        command, check=True, env=os.environ | settings, stdout=subprocess.PIPE, text=True
    )
    return result.stdout


def _pinned(package: str) -> str:
    found = re.search(rf"^{package}==\S+", _REQUIREMENTS.read_text(), re.MULTILINE)
    if found is None:
        raise OSError(f"{_REQUIREMENTS.name} does not pin {package}")
    return found.group()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
