"""Checks that each insight is what exactly one version of the profile makes of its conversation.

Its topics and segments are what the version makes by which a remap has mapped them, if one has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from grok_insights.aws.conversation_item import from_item
from grok_insights.aws.insights.item import labels_of
from grok_insights.domain import labels
from grok_insights.domain.profile import BUILT_IN, OTHER, Profile, TextField, TopicMode
from grok_insights.domain.segments import MAX_SEGMENT_VALUES
from grok_insights.grok.request import static_part
from tests.simulation import recount, sent
from tests.simulation.answers import invented_quotes, meant, true_quotes
from tests.simulation.grok import digest

if TYPE_CHECKING:
    from grok_insights.domain.conversation import Conversation
    from tests.simulation.dynamodb import DynamoDB
    from tests.simulation.profiles import Profiles

Items = Mapping[str, Any]
FIRST = "profile#"


@dataclass(frozen=True)
class Stored:
    """A completed or failed insight, and the conversation that it is about."""

    item: Items
    conversation: Conversation

    @cached_property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.item["document"]["S"])
        return document

    @cached_property
    def name(self) -> str:
        """The digest of the text, on which the answer depends."""
        return digest(self.conversation.text)


@dataclass(frozen=True)
class Version:
    """A version of the profile, and the known values of its segments at the end of the run."""

    profile: Profile
    seen: Mapping[str, frozenset[str]]

    @cached_property
    def properties(self) -> dict[str, Any]:
        properties: dict[str, Any] = self._static.response_format["json_schema"]["schema"]
        return dict(properties["properties"])

    @property
    def _static(self) -> Any:
        return static_part(self.profile, "")

    def differences(self, one: Stored) -> Iterator[str]:
        """Yield what an analysis with this version would have made otherwise."""
        meta = one.document["meta"]
        if meta["prompt_version"] != self._static.version:
            yield "prompt_version"
        if one.document["status"] == "failed":
            return
        if one.document.get("fields", {}) != self._fields(one):
            yield "fields"
        if not self._has_its_quotes(one):
            yield "quotes"

    def differences_of_mapping(self, one: Stored) -> Iterator[str]:
        """Yield what this version would have mapped otherwise, in the analysis or in a remap."""
        if one.document.get("segments", {}) != self._segments(one):
            yield "segments"
        if one.document["status"] != "failed" and not self._has_its_topics(one.document["topics"]):
            yield "topics"

    def maps(self, insight: Items, conversation: Items) -> bool:
        """Return whether a remap by this version would change an insight."""
        return any(self.differences_of_mapping(Stored(insight, from_item(conversation))))

    def mapped(self, topics: list[str]) -> list[str]:
        """Return what a remap makes of topics."""
        names = {one: label.name for label in self.profile.topics.labels for one in label.aliases}
        names |= {label.name: label.name for label in self.profile.topics.labels}
        if self.profile.topics.mode is TopicMode.OPEN:
            return list(dict.fromkeys(names.get(one, one) for one in topics))
        return list(dict.fromkeys(names[one] for one in topics if one in names)) or [OTHER]

    def _fields(self, one: Stored) -> dict[str, Any]:
        keys = {field.name: field.name for field in self.profile.fields}
        if "summary" in keys:
            keys["summary"] = "summary_"  # the answer has a summary of its own
        return {name: meant(key, self.properties[key], one.name) for name, key in keys.items()}

    def _has_its_topics(self, topics: list[str]) -> bool:
        names = {label.name for label in self.profile.topics.labels}
        aliases = {alias for label in self.profile.topics.labels for alias in label.aliases}
        if self.profile.topics.mode is TopicMode.CLOSED:
            return set(topics) <= {*names, OTHER} and 0 < len(topics) == len(set(topics))
        return not aliases & set(topics)

    def _has_its_quotes(self, one: Stored) -> bool:
        quotes = one.document.get("quotes", [])
        counts = (len(quotes), one.document["meta"].get("unverified_quotes", 0))
        if not self.profile.quotes:
            return counts == (0, 0)
        return counts == (true_quotes(one.name), invented_quotes(one.name)) and all(
            _text(one.conversation, quote)[quote["start"] : quote["end"]] == quote["text"]
            for quote in quotes
        )

    def _segments(self, one: Stored) -> dict[str, str]:
        """Return the segments. A value for which there was no room is ``other``.

        A failed insight may be saved without its values being admitted.
        """
        metadata = one.conversation.metadata or {}
        values = {name: sent.segment_of(metadata.get(name)) for name in self.profile.segments}
        return {
            name: value if self._is_known(name, value, one) else OTHER
            for name, value in values.items()
            if value is not None
        }

    def _is_known(self, name: str, value: str, one: Stored) -> bool:
        shown, known = one.document.get("segments", {}).get(name), self.seen.get(name, frozenset())
        if one.document["status"] == "failed" and shown == OTHER:
            return False
        return value in known or len(known) < MAX_SEGMENT_VALUES

    def labels(self, document: Items) -> set[tuple[str, str]]:
        """Return what an insight is counted under: all of it but texts and nulls."""
        texts = {field.name for field in self.profile.fields if isinstance(field, TextField)}
        fields = document.get("fields", {}).items()
        return {
            *(("topic", topic) for topic in document.get("topics", ())),
            *(
                labels.of_field(name, value)
                for name, value in fields
                if value is not None and name not in texts
            ),
            *(
                (f"segment.{name}", value)
                for name, value in document.get("segments", {}).items()
                if document["status"] == "completed"
            ),
        }


def _text(conversation: Conversation, quote: Items) -> str:
    return conversation.turns[quote["turn"]].text if "turn" in quote else conversation.text


def faults(dynamodb: DynamoDB, profiles: Profiles) -> Iterator[str]:
    """Yield what is wrong: an insight of no or of several versions, a lost version, a set."""
    versions = stored(dynamodb)
    conversations = recount.conversations(dynamodb)
    for item in recount.insights(dynamodb):
        identity = item["conversation_id"]["S"]
        if identity in conversations:
            one = Stored(item, from_item(conversations[identity]))
            yield from _faults_of(one, versions, profiles.asked[identity])
    yield from _faults_of_state(versions, profiles, _seen(dynamodb))
    pointer = dynamodb.tables["state"].items.get(("profile",))
    if pointer is not None and int(pointer["newest"]["N"]) != max(versions):
        yield f"version {max(versions)} is the newest, and the pointer names another one"


def active(pointer: Items | None) -> int:
    """Return the number of the version that the pointer names as the active one."""
    return BUILT_IN.version if pointer is None else int(pointer["active"]["N"])


def stored(dynamodb: DynamoDB) -> dict[int, Version]:
    """Return the versions that are stored, and the built-in one, by number."""
    state = {key[0]: item for key, item in dynamodb.tables["state"].items.items()}
    seen = _seen(dynamodb)
    return {number: Version(one, seen) for number, one in _stored_profiles(state)}


def _seen(dynamodb: DynamoDB) -> dict[str, frozenset[str]]:
    """Return the known values of segments."""
    return {
        key[0].partition("#")[2]: frozenset(item["seen"]["SS"])
        for key, item in dynamodb.tables["state"].items.items()
        if key[0].startswith("segment#")
    }


def _stored_profiles(state: Items) -> Iterator[tuple[int, Profile]]:
    yield BUILT_IN.version, BUILT_IN
    for name, item in state.items():
        if name.startswith(FIRST):
            profile = Profile.model_validate_json(item["document"]["S"])
            yield profile.version, profile


def _faults_of(one: Stored, versions: Mapping[int, Version], asked: set[int]) -> Iterator[str]:
    """Yield what is wrong with an insight."""
    identity, number = one.conversation.id, one.document["meta"]["profile_version"]
    mapped_by = one.document["meta"].get("mapping_version", number)
    if unknown := {number, mapped_by} - versions.keys():
        yield f"{identity} names {unknown}, which were not stored"
        return
    if different := [*versions[mapped_by].differences_of_mapping(one)]:
        yield f"{identity} is mapped by version {mapped_by}, and has other {different}"
    if different := [*versions[number].differences(one)]:
        yield f"{identity} names version {number}, and has other {different}"
    if set(labels_of(one.item)) != versions[number].labels(one.document):
        yield f"{identity} is counted under {labels_of(one.item)}"
    if one.document["status"] == "failed":
        return
    if number not in asked:
        yield f"{identity} names version {number}, and was analysed with {sorted(asked)}"
    fitting = [at for at, version in versions.items() if not any(version.differences(one))]
    if fitting != [number]:
        yield f"{identity} names version {number}, and is what versions {fitting} make of it"


def _faults_of_state(
    versions: Mapping[int, Version], profiles: Profiles, seen: Mapping[str, frozenset[str]]
) -> Iterator[str]:
    for number, body in profiles.stored.items():
        if number not in versions or versions[number].profile != Profile.model_validate(body):
            yield f"version {number} of the profile was stored, and is not what was stored"
    for name, values in seen.items():
        if len(values) > MAX_SEGMENT_VALUES:
            yield f"segment {name} has {len(values)} values"
