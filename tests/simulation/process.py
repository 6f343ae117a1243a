"""Settings of a process that runs simulations: a fixed order of sets, and no printed metrics."""

from __future__ import annotations

import os
import sys

from tests.builders import environment


def prepare() -> None:
    """Restart this command with a fixed hash seed, if it does not have one.

    Some code iterates over sets of ids. Their order, and so the schedule, depends on the hashes.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(environment(POWERTOOLS_LOG_LEVEL="CRITICAL"))
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"
        module = sys.modules["__main__"].__spec__
        assert module is not None
        name = module.name.removesuffix(".__main__")
        os.execv(sys.executable, [sys.executable, "-m", name, *sys.argv[1:]])
