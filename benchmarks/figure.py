"""One measured figure, and its limit, if it has one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value, its unit (none for a ratio), and its upper limit.

    ``note`` says what the value consists of, for readers.
    """

    name: str
    value: float
    unit: str = ""
    limit: float | None = None
    note: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether the value is within the limit."""
        return self.limit is None or self.value <= self.limit

    def cells(self) -> tuple[str, ...]:
        """Return the figure as a row: name, value, note, limit and whether the limit is met."""
        value = f"{self.value:.3g} {self.unit}".rstrip()
        if self.limit is None:
            return (self.name, value, self.note, "", "")
        limit = f"≤ {self.limit:g} {self.unit}".rstrip()
        return (self.name, value, self.note, limit, "yes" if self.is_kept else "NO")
