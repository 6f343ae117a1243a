"""Operators who change the profile in flight, and what each insight must therefore be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from grok_insights.domain.profile import Profile
from grok_insights.domain.segments import MAX_SEGMENT_VALUES
from tests.simulation.operation import Operation

if TYPE_CHECKING:
    from grok_insights.grok.analyzer import Analyzer, Answer
    from grok_insights.grok.prompt import Prompt
    from tests.simulation.functions import Api

PROFILE = "/api/v1/profile"
SHARE = 0.35
"""The share of the runs in which operators change the profile."""

BODIES: tuple[dict[str, Any], ...] = (
    {"note": "by channel", "segments": ["channel"]},
    {
        "note": "fields",
        "fields": [{"name": "churn_risk", "type": "enum", "values": ["low", "high"]}],
        "segments": ["channel"],
    },
    {"note": "closed", "topics": {"mode": "closed", "labels": [{"name": "refund"}]}},
)


@dataclass
class Profiles:
    """The versions that were stored, and those with which Grok was called, by conversation."""

    stored: dict[int, dict[str, Any]] = field(default_factory=dict)
    asked: defaultdict[str, set[Profile]] = field(default_factory=lambda: defaultdict(set))


@dataclass(frozen=True)
class Noting:
    """An analyzer that notes the profile of each call, and calls another analyzer."""

    analyzer: Analyzer
    profiles: Profiles

    def __getattr__(self, name: str) -> Any:
        return getattr(self.analyzer, name)

    def analyse(self, prompt: Prompt) -> Answer:
        self.profiles.asked[prompt.conversation_id].add(prompt.profile)
        return self.analyzer.analyse(prompt)


def changes(draw: Random, span: float) -> list[Operation]:
    """Return operations that store versions, activate them, and go back; mostly none."""
    if draw.random() >= SHARE:
        return []
    return [
        Operation(draw.random() * span, f"analyst{draw.randrange(2)}", "profile", number=number)
        for number in (draw.randrange(4) for _ in range(draw.choice([2, 3, 5])))
    ]


def change(api: Api, profiles: Profiles, name: str, operation: Operation) -> None:
    """Store and activate a version after the newest one, or go back to the first version."""
    if operation.number >= len(BODIES):
        _activate(api, name, 1)
        return
    listed = api.request(f"{name}.list", "GET", f"{PROFILE}/versions", limit="1")
    if listed.status != 200:
        return
    newest = listed.body["items"][0]["version"]
    body = BODIES[operation.number]
    headers = {"If-Match": "*"}
    response = api.request(name, "PUT", PROFILE, body, headers, activate="true")
    if response.status in {200, 201}:
        version = response.body["version"]
        if version < newest:
            api.world.violated("profile", f"version {version} was stored after {newest}")
        profiles.stored[version] = response.body


def _activate(api: Api, name: str, version: int) -> None:
    path = f"{PROFILE}/versions/{version}/activate"
    api.request(name, "POST", path, None, {"If-Match": "*"})


def faults(
    profiles: Profiles, documents: Mapping[str, dict[str, Any]], state: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what is wrong: an insight of a version that was not asked, a lost version, a set."""
    for identity, document in documents.items():
        version = document["meta"]["profile_version"]
        asked = {profile.version for profile in profiles.asked[identity]}
        if document["status"] == "completed" and version not in asked:
            yield f"{identity} names version {version}, and was analysed with {sorted(asked)}"
    for version, body in profiles.stored.items():
        item = state.get(f"profile#{version}")
        if item is None or Profile.model_validate_json(item["document"]["S"]) != (
            Profile.model_validate(body)
        ):
            yield f"version {version} of the profile was stored, and is not what was stored"
    for name, item in state.items():
        if name.startswith("segment#") and len(item["seen"]["SS"]) > MAX_SEGMENT_VALUES:
            yield f"{name} has {len(item['seen']['SS'])} values"
