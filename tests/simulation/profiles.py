"""Operators who store, activate and roll back profiles while conversations are in flight."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from grok_insights.analysis.calls import PROBE
from tests.simulation.answers import ALIAS
from tests.simulation.operation import Operation

if TYPE_CHECKING:
    from grok_insights.domain.profile import Profile
    from grok_insights.grok.analyzer import Analyzer, Answer
    from grok_insights.grok.prompt import Prompt
    from tests.simulation.functions import Api
    from tests.simulation.scheduler import Task
    from tests.simulation.world import World

PROFILE = "/api/v1/profile"
SHARE = 0.45
"""The share of the runs in which operators change the profile."""

KNOWN_PLANS = 47
"""How many plans are known before a part of the runs: 3 more have room."""

RISK: dict[str, Any] = {"name": "risk", "type": "enum", "values": ["low", "high"]}
FIELDS: list[dict[str, Any]] = [
    RISK,
    {"name": "resolved", "type": "boolean"},
    {"name": "effort", "type": "integer", "minimum": -1, "maximum": 2},
    {"name": "competitor", "type": "text", "max_length": 80},
    {"name": "summary", "type": "text", "max_length": 10},
]
REFUND: dict[str, Any] = {"name": "refund", "aliases": [ALIAS, "reimbursement"]}
CLOSED: dict[str, Any] = {
    "mode": "closed",
    "labels": [{"name": "price", "description": "about the price"}, REFUND, {"name": "login"}],
}
BODIES: tuple[dict[str, Any], ...] = (
    {"note": "segments", "segments": ["channel"], "topics": {"labels": [REFUND]}},
    {"note": "fields", "fields": FIELDS, "segments": ["channel", "plan"]},
    {
        "note": "closed",
        "topics": CLOSED,
        "fields": FIELDS[:2],
        "segments": ["plan", "none"],
        "quotes": True,
    },
    {"note": "quotes", "quotes": True, "instructions": "Say what the customer wants."},
)
DRAFT, BUILT_IN, NEWEST, ONE_BEFORE = len(BODIES), len(BODIES) + 1, len(BODIES) + 2, len(BODIES) + 3
"""Numbers of operations: a version that stays a draft, and versions that are activated again."""


@dataclass
class Profiles:
    """The versions that were stored, and those with which Grok was called, by conversation."""

    stored: dict[int, dict[str, Any]] = field(default_factory=dict)
    asked: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


@dataclass(frozen=True)
class Noting:
    """An analyzer that notes the profile of each call, and calls another analyzer."""

    analyzer: Analyzer
    world: World

    def __getattr__(self, name: str) -> Any:
        return getattr(self.analyzer, name)

    def analyse(self, prompt: Prompt) -> Answer:
        self.world.profiles.asked[prompt.conversation_id].add(prompt.profile.version)
        if prompt.conversation_id != PROBE.conversation_id:
            self._check(prompt)
        return self.analyzer.analyse(prompt)

    def _check(self, prompt: Prompt) -> None:
        task = self.world.scheduler.current
        assert task is not None
        self._check_active(task, prompt.profile)
        self.world.monitor.reworks.asks(task, prompt.conversation_id)

    def _check_active(self, task: Task, profile: Profile) -> None:
        """Check that the profile is the one that was active when the environment read it last.

        A probe may use an earlier one: it looks for the cause of an earlier refusal.
        """
        pointer = getattr(task.owner, "state", {}).get("profile")
        active = 1 if pointer is None else int(pointer["active"]["N"])
        if profile.version != active:
            sentence = f"{task.name} asks version {profile.version}, and has read that {active} is"
            self.world.violated("profile", f"{sentence} active")


def changes(draw: Random, span: float) -> list[Operation]:
    """Return operations that store versions, activate them, and go back; often none."""
    if draw.random() >= SHARE:
        return []
    numbers = [*range(len(BODIES)), DRAFT, BUILT_IN, NEWEST, ONE_BEFORE]
    return [
        Operation(
            draw.random() * span,
            f"analyst{draw.randrange(2)}",
            "profile",
            number=draw.choice(numbers) if place else draw.randrange(1, len(BODIES) - 1),
        )
        for place in range(draw.choice([2, 3, 5]))
    ]


def body_of(operation: Operation) -> dict[str, Any]:
    """Return a profile. Each one has a field with one possible number, which identifies it."""
    body = BODIES[operation.number % len(BODIES)]
    edition = round(operation.at * 10_000)
    marker = {"name": "edition", "type": "integer", "minimum": edition, "maximum": edition}
    return {**body, "fields": [marker, *body.get("fields", ())]}


def change(api: Api, profiles: Profiles, name: str, operation: Operation) -> None:
    """Store a version after the newest one, and activate it; or activate an earlier one."""
    listed = api.request(f"{name}.list", "GET", f"{PROFILE}/versions", limit="1")
    if listed.status != 200:
        return
    newest = listed.body["items"][0]["version"]
    headers = {"If-Match": "*"}
    if operation.number > DRAFT:
        back = {BUILT_IN: 1, NEWEST: newest, ONE_BEFORE: max(1, newest - 1)}[operation.number]
        api.request(name, "POST", f"{PROFILE}/versions/{back}/activate", None, headers)
        return
    query = {"activate": "true"} if operation.number < DRAFT else {}
    response = api.request(name, "PUT", PROFILE, body_of(operation), headers, **query)
    if response.status in {200, 201}:
        version = response.body["version"]
        if version < newest:
            api.world.violated("profile", f"version {version} was stored after {newest}")
        profiles.stored[version] = response.body
