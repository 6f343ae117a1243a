"""A fixed-window rate limit: the window of a request, and whether the request is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``requests`` in each window of ``window_seconds``."""

    requests: int
    window_seconds: int

    def window(self, now: float) -> Window:
        """Return the window that contains ``now``, in epoch seconds."""
        return Window(start=int(now) // self.window_seconds * self.window_seconds, limit=self)


@dataclass(frozen=True, slots=True)
class Window:
    """One window of a limit. ``start`` is in epoch seconds."""

    start: int
    limit: RateLimit

    @property
    def end(self) -> int:
        """The first second after the window, in epoch seconds."""
        return self.start + self.limit.window_seconds

    def decision(self, used: int, now: float) -> RateLimitDecision:
        """Return the decision on request number ``used`` of this window, counted from 1."""
        return RateLimitDecision(
            limit=self.limit.requests,
            remaining=max(0, self.limit.requests - used),
            reset_seconds=max(1, self.end - int(now)),
            allowed=used <= self.limit.requests,
        )


@dataclass(frozen=True, slots=True)
class RateLimitDecision:
    """Whether one request is allowed, and what is left of the limit."""

    limit: int
    remaining: int
    reset_seconds: int
    allowed: bool

    def headers(self) -> dict[str, str]:
        """Return the ``RateLimit-*`` headers of draft-ietf-httpapi-ratelimit-headers-06."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }


def client_of(source_ip: str) -> str:
    """Return the client to count: an IPv4 address, or the /64 network of an IPv6 address.

    One customer commonly has a whole /64 (RFC 6177), so counting single IPv6 addresses would not
    limit a client. A text that is not an address is returned unchanged.
    """
    try:
        address = ip_address(source_ip)
    except ValueError:
        return source_ip
    if isinstance(address, IPv6Address):
        return str(IPv6Address(int(address) >> 64 << 64)) + "/64"
    return str(address)
