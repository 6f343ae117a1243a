"""The meaning of a seed: settings, operations with their times, and faults.

Everything is drawn here before the run. The run itself draws only latencies and faults, each task
from its own stream. So a scenario can be made smaller without changing the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.simulation import sent
from tests.simulation.faults import AWS_KINDS, Burst
from tests.simulation.focus import concentrate, focus_of
from tests.simulation.grok import KINDS, digest
from tests.simulation.jobs import has_jobs, with_jobs
from tests.simulation.operation import DEADLY, HOPELESS, REFUSED, UNSTORABLE, Operation
from tests.simulation.profiles import KNOWN_PLANS, changes
from tests.standin.replies import REPLIES

if TYPE_CHECKING:
    from tests.simulation.world import World

START = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
LEAST_CALLS = 300
"""How many calls a run should make. Clients send more where it is behind, but some stay below."""

CALLS_IN_CALM = 35
"""How many of them are made when all faults have ended."""

TOP_UPS = 12
"""Into how many parts the time with faults is divided: after each a run may be topped up."""

EXPIRY_SECONDS = 400.0
"""How long the items of a run take to expire, and the first clients to return."""


@dataclass
class Scenario:
    """One run, fully determined."""

    seed: int
    settings: dict[str, str]
    operations: list[Operation]
    bursts: list[Burst]
    rates: dict[str, float]
    start: datetime
    calm_at: float
    concurrency: int
    expires: bool = False
    allowed: frozenset[tuple[str, int]] | None = None
    expected: frozenset[str] = frozenset()
    """Invariants that are known not to hold yet."""
    function_seconds: int = 60
    window_seconds: float = 1.0
    latency_seconds: float = 0.15
    """The longest time of a request to AWS or of its response, without a fault."""
    has_extreme_clocks: bool = False
    """Whether the clocks of environments that were started one after another differ by the most."""
    known_plans: int = 0
    """How many values of a segment are known at the start."""
    keeps_budget: bool = False
    """Whether the daily budget stays as it is, so that work goes on the next day."""
    has_remaps: bool = False
    """Whether some jobs are remaps. Then another one runs when all is calm."""
    late_operations: list[Operation] = field(default_factory=list)
    """More operations while everything expires, from when that begins."""
    # Changed by the run.
    paused_since: float | None = None
    is_healed: bool = False
    has_expired: bool = False
    deployed: list[dict[str, str]] = field(default_factory=list)

    @property
    def visibility_seconds(self) -> int:
        return 6 * self.function_seconds

    @property
    def grok_kinds(self) -> list[str]:
        """The faults of Grok alone, which no call to AWS has."""
        return [kind for kind in self.rates if kind in KINDS and kind not in AWS_KINDS]

    @property
    def batch_size(self) -> int:
        return int(self.settings["MAX_BATCH_SIZE"])

    @property
    def recovery_seconds(self) -> float:
        return float(self.settings["CIRCUIT_BREAKER_RECOVERY_SECONDS"])

    def random(self, name: str) -> Random:
        """Return a separate stream of random numbers for each part of the world."""
        return Random(f"{self.seed}/{name}")

    @cached_property
    def unstorable(self) -> frozenset[str]:
        """The digests of texts whose insights DynamoDB does not accept."""
        texts = {one.text for one in self.operations if UNSTORABLE in one.text}
        return frozenset(map(digest, texts))

    def refuses(self, documents: Iterable[str]) -> bool:
        """Whether DynamoDB refuses a transaction because of an insight that it saves."""
        if not self.unstorable or self.is_healed:
            return False
        return any(name in document for document in documents for name in self.unstorable)

    def reply_to(self, text: str, world: World) -> str:
        """Return Grok's reply to a text without a random fault."""
        del world
        if HOPELESS in text and not self.is_healed:
            return "server_error"
        if DEADLY in text and not self.is_healed:
            return "killed_after"
        return "refusal" if REFUSED in text else "ok"


def of_seed(seed: int) -> Scenario:
    """Return the scenario of a seed."""
    draw = Random(f"{seed}/scenario")
    has_budget = draw.random() < 0.3
    span = draw.choice([20.0, 40.0, 60.0])
    calm_at = span + draw.choice([10.0, 40.0, 240.0])
    refused = Random(f"{seed}/storage").random() < 0.06
    calm_at = span + 240.0 if refused else calm_at
    start = START + timedelta(milliseconds=draw.randrange(60_000))
    if has_budget:
        start = start.replace(hour=23, minute=draw.choice([30, 50, 59]))
    scenario = Scenario(
        seed=seed,
        settings=_settings(draw, has_budget=has_budget),
        operations=_operations(draw, span, _size_of(seed)),
        bursts=[*_refused_saves(span, calm_at, refused=refused), *_bursts(draw, calm_at)],
        rates=_rates(draw),
        start=start,
        calm_at=calm_at,
        concurrency=draw.choice([3, 4, 5]),
        expires=draw.random() < 0.05 and not has_jobs(seed),
        known_plans=KNOWN_PLANS if Random(f"{seed}/plans").random() < 0.4 else 0,
    )
    scenario.operations += changes(Random(f"{seed}/profile"), span)
    scenario = with_jobs(concentrate(scenario, span), span)
    if not scenario.keeps_budget:  # more would wait for days
        scenario.operations += _top_ups(scenario.calm_at)
    scenario.operations.sort(key=lambda one: one.at)
    return scenario


def _settings(draw: Random, *, has_budget: bool) -> dict[str, str]:
    smallest = draw.choice([1, 2, 3])
    return {
        "GROK_MODE": "real",
        "GROK_API_KEY": "xai-simulated",
        "GROK_TIMEOUT_SECONDS": "10",
        "GROK_COST_PER_1K": "0.004",
        "GROK_MAX_REQUESTS_PER_SECOND": draw.choice(["2", "5", "10"]),
        "DAILY_BUDGET_USD": draw.choice(["0.01", "0.03", "0.06"]) if has_budget else "0",
        "MIN_BATCH_SIZE": str(smallest),
        "MAX_BATCH_SIZE": str(smallest + draw.choice([2, 4, 7])),
        "MAX_ATTEMPTS": draw.choice(["2", "3", "5"]),
        "CIRCUIT_BREAKER_FAILURE_THRESHOLD": draw.choice(["2", "3", "5"]),
        "CIRCUIT_BREAKER_RECOVERY_SECONDS": draw.choice(["3", "10"]),
        "CREDITS_RETRY_SECONDS": draw.choice(["15", "60"]),
        "INDEX_SHARDS": draw.choice(["1", "2", "4"]),
        "RATE_LIMIT_REQUESTS": "1000000",
        "RETENTION_DAYS": "15",
        "MAX_QUEUE_DEPTH": draw.choice(["20", "1000", "100000"]),
    }


CLIENT_KINDS = {
    "post": 10,
    "bulk": 4,
    "repeat": 4,
    "change": 2,
    "delete": 5,
    "insight": 4,
    "conversation": 2,
    "list": 3,
    "trends": 1,
    "health": 1,
}


class _Size(NamedTuple):
    """How many operations clients make, how many groups compete for an id, and how many bulks of
    seven conversations are sent.
    """

    operations: int
    rivals: int
    bulks: int


def _size_of(seed: int) -> _Size:
    """Return a size with at least twenty conversations, and about 400 calls on average.

    Jobs bring conversations of their own, and a focus brings trouble that is repeated.
    """
    if has_jobs(seed):
        return _Size(operations=3, rivals=1, bulks=1)
    if focus_of(seed):
        return _Size(operations=4, rivals=1, bulks=2)
    return _Size(operations=8, rivals=2, bulks=2)


def _operations(draw: Random, span: float, size: _Size) -> list[Operation]:
    """Return operations of random clients, of clients that compete for one id, and of operators."""
    made = [_client_operation(draw, span, number) for number in range(size.operations)]
    together = draw.random() * span  # so that several environments start
    for number in range(size.bulks):
        at = together + draw.random() * 0.5 if number < 2 else draw.random() * span
        made.append(Operation(at, f"client{number}", "bulk", f"b{number}", number=7))
    for group in range(size.rivals):
        made += _contention(draw, span, group)
    if draw.random() < 0.35:
        begin = draw.random() * span
        made.append(Operation(begin, "operator", "pause"))
        made.append(Operation(begin + 5 + draw.random() * 60, "operator", "resume"))
    if draw.random() < 0.3:
        made.append(Operation(draw.random() * span, "operator", "redrive"))
    if draw.random() < 0.25:
        made.append(Operation(draw.random() * span, "operator", "deploy"))
    return made


def _top_ups(calm_at: float) -> list[Operation]:
    """Return bulks that a client sends while a run is behind `LEAST_CALLS`.

    The checks at the end make the other calls.
    """
    wanted = LEAST_CALLS - CALLS_IN_CALM
    shares = [number / TOP_UPS for number in range(TOP_UPS // 3, TOP_UPS)]
    return [
        Operation(
            calm_at * share,
            "client0",
            sent.TOP_UP,
            f"s{number}",
            number=5,
            least_calls=round(wanted * share),
        )
        for number, share in enumerate(shares)
    ]


def _client_operation(draw: Random, span: float, number: int) -> Operation:
    kinds, weights = list(CLIENT_KINDS), list(CLIENT_KINDS.values())
    kind = draw.choices(kinds, weights)[0]
    key = f"x{draw.randrange(14)}"
    flavour = draw.choices(["", HOPELESS, REFUSED], [12, 1, 1])[0]
    text = sent.text_of(key, flavour) if kind != "change" else f"other {number}"
    size = draw.choice([2, 3, 5])
    client = f"client{draw.randrange(6)}"
    return Operation(draw.random() * span, client, kind, key, text, size)


def _contention(draw: Random, span: float, group: int) -> list[Operation]:
    """Return operations of several clients that post and delete one id at nearly the same time."""
    made = []
    at, width = draw.random() * span, draw.choice([0.2, 1.0, 6.0])
    for place in range(draw.choice([3, 4, 6])):
        kind = draw.choice(["post", "post", "delete", "change"])
        key = f"y{group}"
        text = sent.text_of(key) if kind == "post" else f"other {key} {place % 2}"
        moment = at + draw.random() * width
        made.append(Operation(moment, f"rival{place}", kind, key, text))
    return made


def expiry(seed: int, begin: float) -> list[Operation]:
    """Return the operations of clients while the conversations of a run expire and are deleted."""
    draw = Random(f"{seed}/expiry")
    made = []
    for number in range(10):
        kind = draw.choice(["post", "post", "change", "delete", "insight", "list"])
        key = f"x{draw.randrange(14)}"
        text = sent.text_of(key) if kind == "post" else f"other {number}"
        at = begin + draw.random() * EXPIRY_SECONDS
        made.append(Operation(at, f"late{draw.randrange(4)}", kind, key, text, 5))
    for group in range(4):
        at = begin + draw.random() * EXPIRY_SECONDS
        key = f"x{draw.randrange(14)}"
        others = ["post", "change", "delete"] if group % 2 else ["post", "change"]
        for place in range(3):
            kind = draw.choice(others) if place else "post"
            text = sent.text_of(key) if kind == "post" else f"other {key} {place}"
            made.append(Operation(at, f"rival{place}", kind, key, text, 5))
            at += draw.choice([0.01, 0.1, 0.8]) * draw.random()
    for number in range(14):
        at = begin + draw.random() * EXPIRY_SECONDS
        made.append(Operation(at, f"late{number % 4}", "insight", f"x{number % 14}"))
    return sorted(made, key=lambda one: one.at)


def _refused_saves(span: float, calm_at: float, *, refused: bool) -> list[Burst]:
    """Return a period in which every transaction is refused while conversations wait."""
    begin = span / 2
    if not refused:
        return []
    return [Burst(begin, calm_at, "dynamodb", "transact_write_items", "throttled", 1.0)]


def _bursts(draw: Random, calm_at: float) -> list[Burst]:
    """Return periods in which one fault happens repeatedly."""
    made = []
    for _ in range(draw.choice([0, 1, 2, 3])):
        begin = draw.random() * calm_at * 0.8
        end = begin + draw.choice([2.0, 10.0, 30.0, 250.0])
        made.append(_burst(draw, begin, end))
    return made


def _burst(draw: Random, begin: float, end: float) -> Burst:
    share = draw.choice([0.3, 0.8, 1.0])
    service = draw.choice(["grok", "grok", "dynamodb", "sqs"])
    if service == "grok":
        kinds = [*REPLIES, "no_connection", "no_connection", "server_error", "no_credits"]
        return Burst(begin, end, "grok", "call", draw.choice(kinds), share)
    kind = draw.choice(["throttled", "server_error", "lost", "server_error_after", "slow"])
    operations = {
        "dynamodb": ["", "transact_write_items", "update_item", "batch_get_item", "get_item"],
        "sqs": ["", "send_message_batch"],
    }
    return Burst(begin, end, service, draw.choice(operations[service]), kind, share)


def _rates(draw: Random) -> dict[str, float]:
    """Return the share of calls that get each fault outside of bursts; many runs have few kinds."""
    level = draw.choice([0.0, 0.01, 0.03])
    aws: dict[str, Callable[[], float]] = {
        "throttled": lambda: level,
        "unreachable": lambda: level / 2,
        "server_error": lambda: level / 2,
        "server_error_after": lambda: level,
        "lost": lambda: level,
        "slow": lambda: draw.choice([0.0, level, 0.1]),
        "conflict": lambda: level * 3,
        "partial": lambda: level * 2,
        "stale": lambda: 0.3 if level else 0.0,
        "killed_before": lambda: draw.choice([0.0, 0.0, 0.004, 0.015]),
        "killed_after": lambda: draw.choice([0.0, 0.0, 0.004, 0.015]),
    }
    rates = {name: rate() for name, rate in aws.items()}
    sick = draw.choice([0.0, 0.002, 0.006])
    replies: dict[str, Any] = {kind: sick for kind in KINDS if kind not in aws}
    return {**replies, **rates}
