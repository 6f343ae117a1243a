"""Check whether Docker can be used."""

from __future__ import annotations

import shutil
import subprocess


def has_docker() -> bool:
    """Return whether Docker's engine responds. Having only its program installed is not enough."""
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0  # noqa: S607
