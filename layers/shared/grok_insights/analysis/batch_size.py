"""The adaptive batch size: how many calls to Grok are made concurrently."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchSizeLimits:
    """The size starts at ``smallest`` and stays from ``smallest`` to ``largest``."""

    smallest: int
    largest: int

    def clamp(self, size: int) -> int:
        """Return the nearest allowed size."""
        return max(self.smallest, min(self.largest, size))


def after_success(size: int, wave: int, limits: BatchSizeLimits) -> int:
    """Return the size after a wave without an error: doubled if the wave had the full size.

    A smaller wave, for which too few conversations waited, does not show that Grok accepts more.
    """
    return limits.clamp(size * 2) if wave >= size else limits.clamp(size)


def after_trouble(size: int, limits: BatchSizeLimits) -> int:
    """Return the size after errors, after a rate limit, or with a long queue: halved."""
    return limits.clamp(size // 2)
