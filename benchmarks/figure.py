"""One measured figure, and the limit that it must keep, where there is one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, in which unit (none for a ratio), and at most how much it should be.

    ``note`` is what the value is made of, for people. ``bound`` is the least that the value can
    be, where that is known: a limit below it is out of reach, and not a fault.
    """

    name: str
    value: float
    unit: str = ""
    limit: float | None = None
    note: str = ""
    bound: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the limit is kept."""
        return self.limit is None or self.value <= self.limit

    @property
    def is_fault(self) -> bool:
        """Whether the limit could be kept, and is not."""
        return not self.is_kept and not self.is_out_of_reach

    @property
    def is_out_of_reach(self) -> bool:
        """Whether nothing could keep the limit."""
        return self.limit is not None and self.bound is not None and self.bound > self.limit

    def cells(self) -> tuple[str, ...]:
        """The figure as a row: name, value, note, limit and whether it is kept."""
        value = f"{self.value:.3g} {self.unit}".rstrip()
        if self.limit is None:
            return (self.name, value, self.note, "", "")
        limit = f"≤ {self.limit:g} {self.unit}".rstrip()
        return (self.name, value, self.note, limit, self._verdict())

    def _verdict(self) -> str:
        if self.is_kept:
            return "yes"
        return f"no: ≥ {self.bound:.2f}" if self.is_out_of_reach else "NO"
