"""Makes a failing scenario smaller: fewer operations, bursts and faults with the same failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from tests.simulation.run import Result, run
from tests.simulation.scenario import Scenario, of_seed

T = TypeVar("T")

MAX_RUNS = 150


class Shrinking:
    """Tries smaller scenarios, and keeps each that fails in the same way."""

    def __init__(self, result: Result, make: Callable[[], Scenario]) -> None:
        self.kind = kind_of(result)
        self.make = make
        self.best = result
        self.runs = 0

    def shrink(self) -> Result:
        """Return the smallest failing run that was found."""
        scenario = self.best.scenario
        faults = frozenset((name, call) for name, call, _ in self.best.happened)
        self._try(scenario.operations, scenario.bursts, faults)
        for _ in range(3):
            before = self._size()
            self._reduce("operations")
            self._reduce("allowed")
            self._reduce("bursts")
            if self._size() == before:
                break
        return self.best

    def _size(self) -> int:
        scenario = self.best.scenario
        return len(scenario.operations) + len(scenario.allowed or ()) + len(scenario.bursts)

    def _parts(self, name: str) -> list[Any]:
        return sorted(getattr(self.best.scenario, name) or (), key=repr)

    def _reduce(self, name: str) -> None:
        """Remove halves, then quarters, and at last single parts."""
        size = max(1, len(self._parts(name)) // 2)
        while size and self.runs < MAX_RUNS:
            start = 0
            while start < len(self._parts(name)) and self.runs < MAX_RUNS:
                parts = self._parts(name)
                if not self._keeps(name, parts[:start] + parts[start + size :]):
                    start += size
            size //= 2

    def _keeps(self, name: str, parts: Sequence[Any]) -> bool:
        scenario = self.best.scenario
        now: dict[str, Any] = {
            "operations": scenario.operations,
            "bursts": scenario.bursts,
            "allowed": scenario.allowed,
        }
        now[name] = frozenset(parts) if name == "allowed" else list(parts)
        return self._try(now["operations"], now["bursts"], now["allowed"])

    def _try(self, operations: Any, bursts: Any, allowed: Any) -> bool:
        self.runs += 1
        smaller = replace(
            self.make(),
            operations=sorted(operations, key=lambda one: one.at),
            bursts=list(bursts),
            allowed=allowed,
        )
        result = run(smaller)
        if not result.violations or kind_of(result) != self.kind:
            return False
        self.best = result
        return True


def kind_of(result: Result) -> str:
    """Return which invariant failed first."""
    return result.violations[0].split(":")[0]


def shrink(result: Result) -> Result:
    """Return the smallest run with the same failure."""

    def make() -> Scenario:
        made = of_seed(result.scenario.seed)
        made.expected = result.scenario.expected
        return made

    return Shrinking(result, make).shrink()
