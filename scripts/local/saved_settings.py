"""Settings of earlier commands, stored in the stack's folder so that later commands keep them.

Only settings from the environment are stored; every command reads `.env` again. No key is stored.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from scripts.local.errors import LocalStackError

_LONGEST_SHOWN = 40


def read(path: Path) -> dict[str, str]:
    """Return the settings by name; nothing if no command has set any."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise LocalStackError(f"{path} cannot be read: delete it, and set the settings again.")
    return found


def write(path: Path, settings: Mapping[str, str]) -> None:
    """Store these settings and no others. Only the user can read them."""
    path.touch(mode=0o600)
    path.write_text(json.dumps(settings, indent=1, sort_keys=True), encoding="utf-8")


def shown(settings: Mapping[str, str]) -> str:
    """Return the settings in one line for the terminal; long values are cut, secrets left out."""
    return ", ".join(f"{name}={_short(name, value)}" for name, value in sorted(settings.items()))


def _short(name: str, value: str) -> str:
    if name.endswith("_SECRET"):
        return "(hidden)"
    line = " ".join(value.split())
    return line if len(line) <= _LONGEST_SHOWN else f"{line[: _LONGEST_SHOWN - 1]}…"
