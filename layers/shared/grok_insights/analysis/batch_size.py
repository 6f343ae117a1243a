"""The adaptive batch size: how many calls go to Grok side by side."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchSizeLimits:
    """The size begins at ``smallest`` and never leaves ``smallest`` to ``largest``."""

    smallest: int
    largest: int

    def clamp(self, size: int) -> int:
        """The nearest size that is allowed."""
        return max(self.smallest, min(self.largest, size))


def after_success(size: int, wave: int, limits: BatchSizeLimits) -> int:
    """The size after a wave without a fault: doubled, if the wave was as large as it might be.

    A wave that was small because little was waiting says nothing about what Grok can bear.
    """
    return limits.clamp(size * 2) if wave >= size else limits.clamp(size)


def after_trouble(size: int, limits: BatchSizeLimits) -> int:
    """The size after errors or a rate limit, or with a queue that outgrows us: halved."""
    return limits.clamp(size // 2)
