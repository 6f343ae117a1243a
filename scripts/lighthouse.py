"""``make lighthouse``: measure the dashboard of a running stack with Lighthouse, signed in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parents[1]
SCRIPT: Final = CHECKOUT / "scripts" / "lighthouse.mjs"
PACKAGE: Final = "lighthouse@12.8.2"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")


def main(environ: Mapping[str, str]) -> int:
    """Print the scores, and write the reports; return 1 if one is too low or something is missing.

    The packages are installed once, beside the other files of the local stack.
    """
    browser, npm = next(filter(None, map(shutil.which, BROWSERS)), None), shutil.which("npm")
    node = shutil.which("node")
    if not (browser and npm and node and "API_URL" in environ):
        print("Chromium, Node.js 20 or later and a running stack are needed: see make up.")
        return 1
    folder = Path(environ.get("LOCAL_DIR") or CHECKOUT / ".local").resolve() / "lighthouse"
    if not (folder / "node_modules" / "lighthouse").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}\n', "utf-8")
        command = [npm, "install", "--no-audit", "--no-fund", PACKAGE]
        subprocess.run(command, cwd=folder, check=True)  # noqa: S603  a fixed command
    reports = folder / "reports"
    variables = {"PACKAGES": str(folder), "FOLDER": str(reports), "CHROME_PATH": browser}
    command = [node, str(SCRIPT)]
    done = subprocess.run(command, env={**environ, **variables}, check=False)  # noqa: S603
    print(f"Reports: {reports}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(os.environ))
