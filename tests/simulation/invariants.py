"""Invariants that must hold after all faults have stopped and the queue is empty."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

from grok_insights.domain import timestamps
from tests.simulation import recount, remaps, sent, versions
from tests.simulation.functions import DEPLOYED_ATTEMPTS
from tests.simulation.grok import digest
from tests.simulation.history import id_of
from tests.simulation.operators import TODAY, documents
from tests.simulation.outages import OF_GROK
from tests.simulation.urls import DEAD, QUEUE
from tests.simulation.world import World

if TYPE_CHECKING:
    from tests.simulation.actors import Actors

ONE, LIST = "/api/v1/conversations", "/api/v1/insights"


class Invariants:
    """Checks the end of a run. Each method yields what is wrong; nothing if all is well."""

    def __init__(self, world: World, actors: Actors) -> None:
        self.world, self.actors = world, actors

    def check(self, name: str, *, redriven: bool) -> None:
        """Check everything that must hold at the end of a run."""
        self._conversations()
        self._insights()
        self.world.monitor.check_counters()
        self._money()
        self._dead_letters(redriven=redriven)
        self._lists(name, redriven=redriven)
        self._ended()
        self.world.monitor.reworks.check()
        self._profiles(name, redriven=redriven)

    def _profiles(self, name: str, *, redriven: bool) -> None:
        """Check that each insight is consistent with one version of the profile.

        If a profile was stored, also check that the API finds the counters of all labels right.
        """
        for fault in islice(versions.faults(self.world.dynamodb, self.world.profiles), 1):
            self.world.violated("profile", fault)
        if not self.world.profiles.stored or redriven:
            return
        response = self.actors.verified_trends(f"{name}.trends", "segment.channel")
        if response.status == 200 and any(response.body["difference"].values()):
            difference = response.body["difference"]
            self.world.violated("counters", f"the API counts otherwise: {difference}")

    def _ended(self) -> None:
        """Check that no pause is left, since a conversation was analysed in calm."""
        state = self._items("state")
        left = [name for name in ("credits", "storage") if "until" in state.get(name, {})]
        circuit = state.get("circuit#grok", {"state": {"S": "CLOSED"}})
        if circuit["state"]["S"] != "CLOSED":
            left.append("circuit")
        if left:
            self.world.violated("ended", f"calls succeed, and {left} still pauses them")

    def check_service(self, key: str) -> None:
        """Check that, without faults, what is sent is accepted and analysed: refusing all is not
        allowed.
        """
        insight = self._stored().get(id_of(key))
        if insight is None or insight["status"]["S"] != "completed":
            self.world.violated("service", "a conversation that was sent in calm was not analysed")

    def check_mapped(self) -> None:
        """Check that the active profile maps no insight otherwise, since a remap ran in calm."""
        dynamodb, jobs = self.world.dynamodb, documents(self.world)
        if self.actors.operators.ids.get("mapped") not in jobs:
            self.world.violated("service", "a remap that was started in calm was refused")
        active = versions.active(self._items("state").get("profile"))
        for identity in islice(
            remaps.unmapped(dynamodb, versions.stored(dynamodb)[active], TODAY), 1
        ):
            self.world.violated("mapped", f"{identity} is not mapped by version {active}")

    def check_expired(self, name: str, since: float) -> None:
        """Check that clients see a conversation and its insight, or neither, while items expire.

        ``since`` is when the last conversation of the time before had expired.
        """
        stored = recount.conversations(self.world.dynamodb)
        for identity in self.actors.history.events:
            self._texts(identity, stored, since)
            insight = self.actors.get(f"{name}.{identity}.i", f"{LIST}/{identity}")
            conversation = self.actors.get(f"{name}.{identity}.c", f"{ONE}/{identity}")
            if insight.status == 200 and conversation.status != 200:
                self.world.violated("expiry", f"{identity} is gone, and its insight is shown")
                continue
            is_complete = insight.status == 200 and insight.body["status"] == "completed"
            if (
                is_complete
                and digest(sent.analysed(conversation.body)) not in insight.body["summary"]
            ):
                self.world.violated("expiry", f"{identity} has the insight of another text")
            if insight.status == 202 and self._was_promised(identity):
                self.world.violated("expiry", f"{identity} waits for its insight for ever")

    def _was_promised(self, identity: str) -> bool:
        item = recount.conversations(self.world.dynamodb)[identity]
        created_at = timestamps.from_text(item["created_at"]["S"]).timestamp()
        return self.actors.history.was_promised(identity, recount.text_of(item), created_at)

    def _items(self, table: str) -> dict[str, Any]:
        return {key[0]: item for key, item in self.world.dynamodb.tables[table].items.items()}

    def _stored(self) -> dict[str, Any]:
        return {
            item["conversation_id"]["S"]: item for item in recount.insights(self.world.dynamodb)
        }

    def _conversations(self) -> None:
        """Check that each accepted conversation exists unless it was erased, and no erased one
        exists.
        """
        stored, insights = recount.conversations(self.world.dynamodb), self._stored()
        history = self.actors.history
        for identity in history.events:
            if history.must_exist(identity) and identity not in stored:
                self.world.violated("lost", f"{identity} was answered with 202, and is lost")
            self._texts(identity, stored)
            if history.must_be_gone(identity) and (identity in stored or identity in insights):
                self.world.violated("erased", f"{identity} was erased, and is there")

    def _texts(self, identity: str, stored: dict[str, Any], since: float = 0.0) -> None:
        """Check that the stored text is the one of each 202."""
        if identity not in stored:
            return
        text = recount.text_of(stored[identity])
        if any(one.text != text for one in self.actors.history.kept(identity, since)):
            self.world.violated("text", f"{identity} was answered with 202 for another text")

    def _insights(self) -> None:
        """Check that each conversation has exactly one insight, of its own text, and no other
        exists.
        """
        conversations, insights = recount.conversations(self.world.dynamodb), self._stored()
        for identity, conversation in conversations.items():
            insight = insights.get(identity)
            text = recount.text_of(conversation)
            if insight is None:
                if self._was_promised(identity):
                    self.world.violated(
                        "insight", f"{identity} is accepted, and never gets an insight"
                    )
                continue
            document = json.loads(insight["document"]["S"])
            if insight["status"]["S"] == "completed" and digest(text) not in document["summary"]:
                self.world.violated("generation", f"{identity} has the insight of another text")
        for identity in insights.keys() - conversations.keys():
            self.world.violated("erased", f"{identity} has an insight, and no conversation")

    def _money(self) -> None:
        """Check that costs equal the bills of kept answers, and that all spending is recorded."""
        usable = Counter(
            (digest(call.text), call.billed_ticks)
            for call in self.world.monitor.grok
            if call.is_usable
        )
        conversations = recount.conversations(self.world.dynamodb)
        for identity, insight in self._stored().items():
            if insight["status"]["S"] != "completed" or identity not in conversations:
                continue
            text = recount.text_of(conversations[identity])
            if (
                text not in self.world.monitor.absurd
                and not usable[digest(text), int(insight["cost_ticks"]["N"])]
            ):
                self.world.violated("cost", f"{identity} costs what was not billed for it")
        self._spent()

    def _spent(self) -> None:
        monitor = self.world.monitor
        monitor.money.check()
        booked = sum(call.booked_ticks for call in monitor.grok)
        state = self._items("state")
        totals = state.get("totals", {})
        counted = int(totals.get("cost_ticks", {}).get("N", "0"))
        if monitor.are_totals_exact and counted != booked:
            self.world.violated("totals", f"the totals say {counted} ticks, and {booked} were used")

    def _dead_letters(self, *, redriven: bool) -> None:
        """Check that each used-up conversation has its dead letter, and none after a redrive."""
        dead = (json.loads(one.body) for one in self.world.sqs.queues[DEAD].messages.values())
        letters = {one["conversation_id"] for one in dead if "job" not in one}
        conversations = recount.conversations(self.world.dynamodb)
        for identity, insight in self._stored().items():
            gave_up = int(insight.get("gave_up", {}).get("N", "0"))
            if gave_up and insight["error_code"]["S"] in OF_GROK:
                self._attempts(identity, int(insight["attempts"]["N"]))
            if gave_up and identity in conversations and identity not in letters:
                self.world.violated(
                    "letters", f"{identity} used up its attempts, and has no dead letter"
                )
            if gave_up and redriven:
                self.world.violated(
                    "letters", f"{identity} was redriven, and is still marked as used up"
                )
        if self.world.sqs.queues[QUEUE].messages:
            self.world.violated("queue", "messages are left in the queue")

    def _attempts(self, identity: str, attempts: int) -> None:
        """Check that a conversation for which Grok failed was tried as often as it should be."""
        settings = self.world.scenario.settings
        least = min(int(settings["MAX_ATTEMPTS"]), DEPLOYED_ATTEMPTS)
        if attempts < least:
            self.world.violated("attempts", f"{identity} failed after {attempts} attempts")

    def _lists(self, name: str, *, redriven: bool) -> None:
        """Check that every list is complete and has no duplicates."""
        insights = self._stored()
        wanted = {"": set(insights)}
        for identity, item in insights.items():
            status = "failed" if item["status"]["S"] == "failed" else item["kind"]["S"]
            wanted.setdefault(status, set()).add(identity)
        if redriven:
            wanted = {"": wanted[""]}
        for kind, expected in wanted.items():
            query = (
                {"status": "failed"} if kind == "failed" else {"sentiment": kind} if kind else {}
            )
            shown = self.actors.list_all(f"{name}.list{kind}", "50" if kind else "20", **query)
            if shown is None or set(shown) != expected or len(shown) != len(expected):
                self.world.violated("list", f"a list of {kind or 'all'} is not what there is")
