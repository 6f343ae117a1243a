"""Run programs as Lambda would: in an environment that contains only the deployed packages.

The development environment is unsuitable. botocore uses `awscrt`, and pyOpenSSL with
`cryptography`, wherever they are installed. They make two bare clients cost half as much again, so
everything compared with these clients would look better than it is.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

CHECKOUT: Final = Path(__file__).parents[1]
FORBIDDEN: Final = ("awscrt", "cryptography", "OpenSSL")
FOUND: Final = (
    "import importlib.util as u, json; "
    f"print(json.dumps([name for name in {FORBIDDEN!r} if u.find_spec(name)]))"
)


class UnsuitableEnvironment(Exception):
    """The environment contains a package that makes two bare clients look expensive."""


@dataclass(frozen=True)
class LambdaEnv:
    """A virtual environment, made from a dependency group if it does not exist yet."""

    name: str
    group: str

    @cached_property
    def python(self) -> str:
        """Return the path of its interpreter.

        Raises
        ------
        UnsuitableEnvironment
            It holds a package that Lambda does not have.
        """
        make = ["-m", "scripts.local.bootstrap", self.name, self.group]
        subprocess.run([sys.executable, *make], cwd=CHECKOUT, check=True, stdout=sys.stderr)  # noqa: S603
        python = str(CHECKOUT / self.name / "bin" / "python")
        process = subprocess.run([python, "-c", FOUND], check=True, stdout=subprocess.PIPE)  # noqa: S603
        found = json.loads(process.stdout)
        if found:
            raise UnsuitableEnvironment(
                f"{self.name} holds {', '.join(found)}, which Lambda does not have"
            )
        return python

    def run_module(self, module: str, settings: Mapping[str, str]) -> Any:
        """Run a module of ours and return the JSON that it writes."""
        process = subprocess.run(  # noqa: S603
            [self.python, "-m", module],
            cwd=CHECKOUT,
            env=clean(settings),
            check=True,
            stdout=subprocess.PIPE,
        )
        return json.loads(process.stdout.splitlines()[-1])

    def seconds(self, program: str, settings: Mapping[str, str]) -> float:
        """Return the CPU seconds of a fresh process; other load changes elapsed time much more."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(  # noqa: S603
            [self.python, "-c", program],
            cwd=CHECKOUT,
            env=clean(settings),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


HANDLERS_ENV: Final = LambdaEnv(".venv-bench", "bench")
CLIENTS_ENV: Final = LambdaEnv(".venv-bench-clients", "bench-clients")

_COMPILED: Final = tempfile.TemporaryDirectory(prefix="grok-insights-bench-")


def clean(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a program: the settings, our packages, and its own compiled files.

    Compiled files exist from the second run on, as they do in a deployed layer.
    """
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": f"{CHECKOUT}/layers/shared:{CHECKOUT}",
        "PYTHONPYCACHEPREFIX": _COMPILED.name,
        **settings,
    }
