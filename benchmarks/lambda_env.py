"""Runs programs as Lambda would: in an environment that holds what is deployed, and little else.

The environment of development must not be measured in: botocore picks up `awscrt`, and pyOpenSSL
with `cryptography`, wherever they are installed, which makes two bare clients cost half as much
again, and so would flatter whatever is compared with them.
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


class NotLean(Exception):
    """The environment holds what would make two bare clients look expensive."""


@dataclass(frozen=True)
class Lean:
    """A virtual environment, made from a dependency group where it is not there yet."""

    name: str
    group: str

    @cached_property
    def python(self) -> str:
        """Its interpreter.

        Raises
        ------
        NotLean
            It holds a package that Lambda does not have.
        """
        make = ["-m", "scripts.local.bootstrap", self.name, self.group]
        subprocess.run([sys.executable, *make], cwd=CHECKOUT, check=True, stdout=sys.stderr)  # noqa: S603
        python = str(CHECKOUT / self.name / "bin" / "python")
        answer = subprocess.run([python, "-c", FOUND], check=True, stdout=subprocess.PIPE)  # noqa: S603
        found = json.loads(answer.stdout)
        if found:
            raise NotLean(f"{self.name} holds {', '.join(found)}, which Lambda does not have")
        return python

    def ask(self, module: str, settings: Mapping[str, str]) -> Any:
        """What a module of ours writes as JSON."""
        answer = subprocess.run(  # noqa: S603
            [self.python, "-m", module],
            cwd=CHECKOUT,
            env=clean(settings),
            check=True,
            stdout=subprocess.PIPE,
        )
        return json.loads(answer.stdout.splitlines()[-1])

    def seconds(self, program: str, settings: Mapping[str, str]) -> float:
        """CPU of a fresh process: what else the machine does shows less in it than in its time."""
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


DOORS: Final = Lean(".venv-bench", "bench")
CLIENTS: Final = Lean(".venv-bench-clients", "bench-clients")

_COMPILED: Final = tempfile.TemporaryDirectory(prefix="grok-insights-bench-")


def clean(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program: the settings, our packages, and compiled files of its own.

    Compiled files are there from the second run on, as they are in a layer that is deployed.
    """
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": f"{CHECKOUT}/layers/shared:{CHECKOUT}",
        "PYTHONPYCACHEPREFIX": _COMPILED.name,
        **settings,
    }
