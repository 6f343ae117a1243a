"""The results of mutants: a file to which each is appended at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from tests.simulation.harmless import reason_of
from tests.simulation.mutation import CONDITION, ROOT, Mutant

FILE = ROOT / ".local" / "mutants.jsonl"


@dataclass(frozen=True)
class MutantResult:
    """The outcome of a mutant: the number of seeds until it was detected, 0 if it was not."""

    module: str
    kind: str
    source: str
    seeds: int
    by: str
    most: int
    """The number of seeds that it was run with at the most."""
    date: str
    seconds: float

    @property
    def key(self) -> tuple[str, str, str]:
        return self.module, self.kind, self.source

    @property
    def name(self) -> str:
        return f"{self.module}:{self.kind}"

    @property
    def line(self) -> str:
        how = f"after {self.seeds}" if self.seeds else f"NOT IN {self.most}"
        return f"{how:<12} {self.seconds:5.0f} s {self.name}  {self.source}  | {self.by}"

    @property
    def reason(self) -> str:
        return reason_of(self.module, self.source)


@dataclass
class Results:
    """The last result of each mutant."""

    by_key: dict[tuple[str, str, str], MutantResult] = field(default_factory=dict)

    @classmethod
    def read(cls) -> Results:
        """Return the results of earlier runs; none if there is no file."""
        lines = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
        found = [MutantResult(**json.loads(line)) for line in lines]
        return cls({one.key: one for one in found})

    def add(self, result: MutantResult) -> None:
        """Append a result to the file."""
        self.by_key[result.key] = result
        FILE.parent.mkdir(exist_ok=True)
        with FILE.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")

    def conditions(self) -> list[Mutant]:
        """Return the mutants of conditions that have a result."""
        texts = sorted(one.source for one in self.by_key.values() if one.kind == CONDITION)
        return [Mutant(CONDITION, CONDITION, at, 0, text) for at, text in enumerate(texts)]

    def of(self, mutants: Iterable[Mutant]) -> list[MutantResult]:
        """Return the results of these mutants."""
        keys = ((one.module, one.kind, one.source) for one in mutants)
        return [self.by_key[key] for key in keys if key in self.by_key]

    def with_missing(self, mutants: Iterable[Mutant]) -> list[MutantResult]:
        """Return a result for each of these mutants, also for those that were never run."""
        keys = [(one.module, one.kind, one.source) for one in mutants]
        missing = {key: MutantResult(*key, 0, "", 0, "", 0.0) for key in keys}
        return list(
            (missing | {key: self.by_key[key] for key in keys if key in self.by_key}).values()
        )

    def seeds_without(self, mutant: Mutant) -> int:
        """Return with how many seeds a mutant was run undetected; very many if it was detected."""
        known = self.by_key.get((mutant.module, mutant.kind, mutant.source))
        if known is None:
            return 0
        return sys.maxsize if known.seeds else known.most
