"""The files of one local stack. Stacks with different folders share no files but the build's."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SAVED_SETTINGS = "settings.json"
"""Name of the file in a stack's folder that `saved_settings` reads and writes."""

_MEMORY = Path("/dev/shm")  # noqa: S108  only the user can read its folder
_ROOM_BYTES = 2 * 1024**3


class LocalFiles:
    """The paths under `folder`, and those of the build, which all stacks of a checkout share."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.checkout = checkout
        self.folder = folder
        self.build = checkout / ".local" / "build"
        self.built_template = self.build / "template.yaml"
        self.build_stamp = checkout / ".local" / "built.sha256"
        self.build_lock = checkout / ".local" / "build.lock"
        self.build_cache = checkout / ".local" / "cache"
        self.up_lock = folder / "up.lock"
        self.parameters = folder / "parameters.yaml"
        self.stack_env = folder / "stack.env"
        self.emulator_record = folder / "emulator.json"
        self.emulator_lock = folder / "emulator.lock"
        self.saved_settings = folder / SAVED_SETTINGS
        self.deployed_stamp = folder / "deployed.sha256"
        self.scratch = _scratch(folder)

    def log(self, name: str) -> Path:
        """Return the path of the log of one program: `emulator`, `build` or `deploy`."""
        return self.folder / f"{name}.log"

    def create(self) -> None:
        """Make the folders that are missing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.scratch.mkdir(mode=0o700, exist_ok=True)


def _scratch(folder: Path) -> Path:
    """Return where the emulator unpacks the layer for each process of a function.

    It is in memory if the machine allows it, because a slow disk takes most of a cold start.
    """
    if not _MEMORY.is_dir():
        return folder / "tmp"
    status = os.statvfs(_MEMORY)
    has_room = status.f_bavail * status.f_frsize >= _ROOM_BYTES
    if not has_room or status.f_flag & os.ST_NOEXEC or not os.access(_MEMORY, os.W_OK):
        return folder / "tmp"
    return _MEMORY / f"grok-insights-{hashlib.sha256(bytes(folder)).hexdigest()[:12]}"


def try_lock(path: Path) -> int | None:
    """Return a descriptor that holds the lock until its last copy closes, or None if it is held."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait until no other process is in the block with the same `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
