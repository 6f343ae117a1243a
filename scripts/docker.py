"""Whether Docker can be used."""

from __future__ import annotations

import shutil
import subprocess


def has_docker() -> bool:
    """Return whether Docker's engine answers, and not only whether its program is installed."""
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0  # noqa: S607
