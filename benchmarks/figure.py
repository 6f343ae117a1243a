"""One measured figure, and its limit, if it has one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value, its unit (none for a ratio), and its upper limit.

    ``note`` says what the value consists of, for readers. ``bound`` is the smallest value that is
    possible, where it is known: a limit below it cannot be met and does not fail the run.
    """

    name: str
    value: float
    unit: str = ""
    limit: float | None = None
    note: str = ""
    bound: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the value is within the limit."""
        return self.limit is None or self.value <= self.limit

    @property
    def is_fault(self) -> bool:
        """Whether the value exceeds a limit that can be met."""
        return not self.is_kept and not self.is_out_of_reach

    @property
    def is_out_of_reach(self) -> bool:
        """Whether the limit cannot be met."""
        return self.limit is not None and self.bound is not None and self.bound > self.limit

    def cells(self) -> tuple[str, ...]:
        """Return the figure as a row: name, value, note, limit and whether the limit is met."""
        value = f"{self.value:.3g} {self.unit}".rstrip()
        if self.limit is None:
            return (self.name, value, self.note, "", "")
        limit = f"≤ {self.limit:g} {self.unit}".rstrip()
        return (self.name, value, self.note, limit, self._limit_result())

    def _limit_result(self) -> str:
        if self.is_kept:
            return "yes"
        return f"no: ≥ {self.bound:.2f}" if self.is_out_of_reach else "NO"
