"""One measured figure, and the limit that it must keep, where there is one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, in which unit (none for a ratio), and at most how much it may be.

    ``note`` is what the value is made of, for people.
    """

    name: str
    value: float
    unit: str = ""
    limit: float | None = None
    note: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether the limit is kept."""
        return self.limit is None or self.value <= self.limit

    def cells(self) -> tuple[str, ...]:
        """The figure as a row: name, value, note, limit and whether it is kept."""
        value = f"{self.value:.3g} {self.unit}".rstrip()
        if self.limit is None:
            return (self.name, value, self.note, "", "")
        limit = f"≤ {self.limit:g} {self.unit}".rstrip()
        return (self.name, value, self.note, limit, "yes" if self.is_kept else "NO")
