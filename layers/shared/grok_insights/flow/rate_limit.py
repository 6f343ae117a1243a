"""A fixed-window rate limit: which window a request falls into, and whether it may pass."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``requests`` in each window of ``window_seconds``."""

    requests: int
    window_seconds: int

    def window(self, now: float) -> Window:
        """The window around ``now``, in seconds of the epoch."""
        return Window(start=int(now) // self.window_seconds * self.window_seconds, limit=self)


@dataclass(frozen=True, slots=True)
class Window:
    """One window of a limit, beginning at ``start`` seconds of the epoch."""

    start: int
    limit: RateLimit

    @property
    def end(self) -> int:
        """The first second that is no longer in the window."""
        return self.start + self.limit.window_seconds

    def decision(self, used: int, now: float) -> RateLimitDecision:
        """Whether the ``used``-th request of this window passes."""
        return RateLimitDecision(
            limit=self.limit.requests,
            remaining=max(0, self.limit.requests - used),
            reset_seconds=max(1, self.end - int(now)),
            allowed=used <= self.limit.requests,
        )


@dataclass(frozen=True, slots=True)
class RateLimitDecision:
    """What the limit says of one request."""

    limit: int
    remaining: int
    reset_seconds: int
    allowed: bool

    def headers(self) -> dict[str, str]:
        """``RateLimit-*`` of draft-ietf-httpapi-ratelimit-headers-06, seconds until the reset."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }


def client_of(source_ip: str) -> str:
    """Who is counted: an IPv4 address, or the /64 network of an IPv6 one.

    One customer commonly holds a whole /64 (RFC 6177), so single IPv6 addresses would be no limit.
    A text that is no address counts as itself.
    """
    try:
        address = ip_address(source_ip)
    except ValueError:
        return source_ip
    if isinstance(address, IPv6Address):
        return str(IPv6Address(int(address) >> 64 << 64)) + "/64"
    return str(address)
