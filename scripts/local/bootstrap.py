"""Make the virtual environments for all other commands, with the standard library alone.

The Makefile runs it before each target. It does nothing if the packages have not changed. The main
environment is made from requirements-dev.txt, which pip also reads. The others are made from
uv.lock with the main environment's uv.
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
EXPORT = ("export", "--frozen", "--quiet", "--no-hashes", "--no-header", "--no-annotate")
GROUPS = {
    "bench": ("--no-default-groups", "--group", "bench"),
    "bench-clients": ("--no-default-groups", "--group", "bench-clients"),
    "browser": ("--only-group", "browser"),
    "clients": ("--only-group", "clients"),
    "security": ("--only-group", "security"),
}
"""Options of `uv export` for each group; the groups of bench include the layer's packages."""
_ADDED = frozenset({"browser", "clients"})
"""Groups that are installed into an existing environment."""


def main(arguments: list[str]) -> int:
    """Make the environment that the first argument names, unless it exists and is up to date.

    A second argument names a dependency group other than that of development.
    """
    environment = Path(arguments[0]).absolute()
    group = arguments[1] if arguments[1:] else "dev"
    try:
        packages = _packages(group)
        if group in _ADDED:
            _install(environment / "bin" / "python", packages, "install")
            return 0
        return _up_to_date(environment, group, packages)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"The packages could not be installed: {error}")
        return 1


def _packages(group: str) -> str:
    """Return the pinned packages of a group, one per line."""
    if group == "dev":
        return _REQUIREMENTS.read_text(encoding="utf-8")
    return _output([sys.executable, "-m", "uv", *EXPORT, *GROUPS[group]], {})


def _up_to_date(environment: Path, group: str, packages: str) -> int:
    stamp = environment / ".grok-insights"
    wanted = _fingerprint(packages)
    if stamp.is_file() and stamp.read_text() == wanted:
        return 0
    if environment.exists() and not stamp.exists():
        print(f"{environment} was not made by this Makefile: move it, or set VENV to another path.")
        return 1
    started = time.monotonic()
    print(f"Installing the packages of {group} into {environment} ...", flush=True)
    environment.mkdir(parents=True, exist_ok=True)
    stamp.write_text("unfinished")
    venv.create(environment, with_pip=True, symlinks=True, upgrade_deps=False)
    _install_from_nothing(environment / "bin" / "python", packages)
    stamp.write_text(wanted)
    print(f"Installed in {time.monotonic() - started:.0f} s", flush=True)
    return 0


def _fingerprint(packages: str) -> str:
    parts = (sys.executable, sys.version, packages)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _install_from_nothing(python: Path, packages: str) -> None:
    pip = _pip(python)
    _output([*pip, "install", _pinned("uv")], {})
    try:
        _install(python, packages, "sync")
    except subprocess.CalledProcessError:
        print("uv could not install them; trying pip, which takes longer ...", flush=True)
        _output([*pip, "install", "--requirement", "/dev/stdin"], {}, packages)


def _install(python: Path, packages: str, how: str) -> None:
    """Install with the environment's own uv what pip would, from where pip would."""
    registry = uv_settings(_output([*_pip(python), "config", "list"], {}), os.environ)
    settings = registry | {"VIRTUAL_ENV": str(python.parent.parent)}
    words = [] if how == "sync" else ["--requirement"]
    command = [str(python), "-m", "uv", "pip", how, "--quiet", *words, "-"]
    _output(command, settings, packages)


def _pip(python: Path) -> list[str]:
    return [str(python), "-m", "pip", "--disable-pip-version-check", "-qq"]


def _output(command: list[str], settings: dict[str, str], given: str = "") -> str:
    result = subprocess.run(  # noqa: S603  fixed commands, no shell
        command,
        check=True,
        cwd=_CHECKOUT,
        env=os.environ | settings,
        input=given,
        stdout=subprocess.PIPE,
        text=True,
    )
    return result.stdout


def _pinned(package: str) -> str:
    found = re.search(rf"^{package}==\S+", _REQUIREMENTS.read_text(), re.MULTILINE)
    if found is None:
        raise OSError(f"{_REQUIREMENTS.name} does not pin {package}")
    return found.group()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
