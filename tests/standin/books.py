"""The stand-in's records: the calls, their answers, and what xAI would have billed."""

from __future__ import annotations

import random
import time
from collections import deque
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from typing import Any


def digest(text: str) -> str:
    """Return the name under which a conversation is recorded; its text is not kept."""
    return sha256(text.encode()).hexdigest()[:24]


@dataclass
class CallRecord:
    """One call. Times are in seconds of the epoch."""

    conversation: str
    serial: int
    began_at: float
    reply: str = ""
    status: int = 0
    billed_ticks: int = 0
    is_usable: bool = False
    ended_at: float = 0.0
    route: str = ""


@dataclass
class Outage:
    """A period in which every call fails, including those already running at its start."""

    began_at: float
    seconds: float
    reply: str
    in_flight: int
    calls: int = 0

    def covers(self, instant: float) -> bool:
        return self.began_at <= instant < self.began_at + self.seconds


@dataclass
class Plan:
    """The replies to calls without a script.

    ``rates`` gives the share of calls that get each reply; the rest get ``ok``.
    """

    latency_seconds: tuple[float, float] = (0.0, 0.0)
    rates: dict[str, float] = field(default_factory=dict)


class Books:
    """The records that the server's threads share."""

    def __init__(self, seed: int = 0) -> None:
        self.lock = Lock()
        self.random = random.Random(seed)
        self.plan = Plan()
        self.calls: list[CallRecord] = []
        self.outages: list[Outage] = []
        self.scripts: dict[str, deque[str]] = {}
        self.next_replies: deque[str] = deque()
        self.in_flight = 0

    def open_call(self, text: str, route: str) -> CallRecord:
        """Record that a call arrived."""
        with self.lock:
            self.in_flight += 1
            call = CallRecord(digest(text), len(self.calls) + 1, time.time(), route=route)
            self.calls.append(call)
            for outage in self.outages:
                outage.calls += outage.covers(call.began_at)
            return call

    def choose(self, call: CallRecord) -> str:
        """Return the reply to a call: as scripted for its text, for the next call, or random."""
        with self.lock:
            script = self.scripts.get(call.conversation)
            if script:
                return script.popleft() if len(script) > 1 else script[0]
            if self.next_replies:
                return self.next_replies.popleft()
            chance = self.random.random()
            for reply, rate in self.plan.rates.items():
                chance -= rate
                if chance < 0:
                    return reply
            return "ok"

    def outage_now(self) -> Outage | None:
        """Return the current outage, if there is one."""
        now = time.time()
        return next((outage for outage in self.outages if outage.covers(now)), None)

    def close_call(self, call: CallRecord) -> None:
        """Record that a call was answered, or broken off."""
        with self.lock:
            self.in_flight -= 1
            call.ended_at = time.time()

    def begin_outage(self, seconds: float, reply: str) -> None:
        """Make every call fail for some seconds from now."""
        with self.lock:
            self.outages.append(Outage(time.time(), seconds, reply, self.in_flight))

    def end_outages(self) -> None:
        """End all outages."""
        with self.lock:
            now = time.time()
            for outage in self.outages:
                outage.seconds = min(outage.seconds, max(0.0, now - outage.began_at))

    def latency(self) -> float:
        """Return how long the next answer takes, in seconds."""
        with self.lock:
            return self.random.uniform(*self.plan.latency_seconds)

    def report(self) -> dict[str, Any]:
        """Return all records, for other processes."""
        with self.lock:
            return {
                "calls": [vars(call).copy() for call in self.calls],
                "outages": [vars(outage).copy() for outage in self.outages],
                "in_flight": self.in_flight,
            }
