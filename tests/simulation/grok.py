"""Grok without sockets: an httpx transport that returns the stand-in's replies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx

from grok_insights.domain.pricing import estimated_tokens
from grok_insights.flow.budget import OVERHEAD_TOKENS, estimated_cost
from grok_insights.grok.request import ANSWER_TOKENS
from tests.simulation import answers
from tests.simulation.scheduler import Killed
from tests.standin.replies import DRIP, HANG, REPLIES, RESET, RESET_IN_BODY, AnalysisRequest, Reply

if TYPE_CHECKING:
    from tests.simulation.scheduler import Task
    from tests.simulation.world import World

ESTIMATED = {"broken_json", "too_large", HANG, DRIP, RESET, RESET_IN_BODY}
"""Replies whose bill cannot be read, so that the cost of the call is estimated."""

ABSURD = "absurd_usage"
"""A reply with an impossible bill: the product records its own estimate instead."""

NO_CREDITS = ("no_credits", "no_credits_429")
LIMITED = {
    "rate_limited": 0.9,
    "rate_limited_until": 0.9,
    "at_capacity": 0.9,
    "rate_limited_for_30_seconds": 29.9,
    "rate_limited_for_15_minutes": 899.9,
}
"""Replies after which no call may start for some seconds."""

FAILING = (
    "server_error", "html_error", "deeply_nested", "unavailable", "overloaded", "request_timeout",
    "error_in_200", "no_connection", RESET, RESET_IN_BODY, HANG, DRIP,
)  # fmt: skip
WRONG_SETTING = (
    "wrong_key", "no_key", "edge_refuses", "blocked", "unknown_model", "redirect", "all_refused",
    "bad_argument",
)  # fmt: skip
REFUSING = (
    "refusal", "content_filter", "moderated", "too_long", "all_refused", "bad_argument",
)  # fmt: skip
OUTAGE = {*FAILING, *WRONG_SETTING}
"""Replies to every call that must stop calls."""

KINDS = ("killed_before", "killed_after", "no_connection", *(one for one in REPLIES if one != "ok"))


def digest(text: str) -> str:
    """Return the digest of a text, by which a simulated summary identifies its text."""
    return sha256(text.encode()).hexdigest()[:12]


class Question(AnalysisRequest):
    """A request whose answer depends only on the text and the schema."""

    def finding(self) -> dict[str, Any]:
        name = digest(self.text)
        return {
            "summary": f"The customer writes {name}.",
            "sentiment": ("positive", "negative", "neutral")[int(name[-1], 16) % 3],
            **answers.said(name, self.text, self.schema["properties"]),
        }


def overhead_tokens(asked: Mapping[str, Any]) -> int:
    """Return the estimated tokens of a call in addition to the conversation."""
    form = json.dumps(asked["response_format"], ensure_ascii=False, separators=(",", ":"))
    static = estimated_tokens(asked["messages"][0]["content"] + form)
    return max(OVERHEAD_TOKENS, static + ANSWER_TOKENS)


@dataclass
class GrokCall:
    """One call as Grok saw it, and the part of its cost that the product must record."""

    at_us: int
    text: str
    reservation: str
    reply: str
    billed_ticks: int
    booked_ticks: int
    is_usable: bool


class GrokTransport(httpx.BaseTransport):
    """Replies as the scenario says; the time of an answer is virtual."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.usd_per_1k = Decimal(world.scenario.settings["GROK_COST_PER_1K"])
        self.timeout = float(world.scenario.settings["GROK_TIMEOUT_SECONDS"])

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        world = self.world
        task = world.scheduler.current
        assert task is not None
        task.calls += 1
        world.count(task)
        body = request.read()
        asked = json.loads(body)
        text = asked["messages"][-1]["content"].split("\n", 1)[1].rsplit("\n", 1)[0]
        kind = world.fault(task, "grok", "call", KINDS) or world.scenario.reply_to(text, world)
        reservation = world.monitor.grok_call(task, text, kind, overhead_tokens(asked))
        if kind == "no_connection":
            world.note(task.name, "grok.call !no_connection")
            world.scheduler.sleep(task.random.random())
            world.monitor.grok_answered(task, text, kind, is_usable=False)
            raise httpx.ConnectError("no connection")
        if kind == "killed_before":
            world.kill(task)
            raise Killed
        name = "ok" if kind == "killed_after" else kind
        schema = asked["response_format"]["json_schema"]["schema"]
        number = len(world.monitor.grok) + 1
        question = Question(asked["model"], text, len(body) // 4, number, schema)
        reply = REPLIES[name](question)
        call = self._record(reservation, name, question, reply, overhead_tokens(asked))
        world.note(task.name, f"grok.call {name}", digest(text), f"billed {reply.billed_ticks}")
        world.scheduler.sleep(0.05 + task.random.random() * 0.6)
        if kind == "killed_after":
            world.kill(task)
            raise Killed
        return self._answer(task, reply, name, call)

    def _record(
        self, reservation: str, name: str, question: Question, reply: Reply, overhead: int
    ) -> GrokCall:
        text, booked = question.text, reply.billed_ticks
        if name in ESTIMATED:
            booked = estimated_cost(text, self.usd_per_1k, overhead).ticks
        call = GrokCall(
            self.world.scheduler.now_us,
            text,
            reservation,
            name,
            reply.billed_ticks,
            booked,
            reply.is_usable,
        )
        self.world.monitor.grok.append(call)
        if name == ABSURD:
            self.world.monitor.bill_is_absurd(text)
        if reply.is_usable:
            self.world.monitor.payments.paid(text)
        return call

    def _answer(self, task: Task, reply: Reply, name: str, call: GrokCall) -> httpx.Response:
        self.world.monitor.grok_answered(task, call.text, name, is_usable=reply.is_usable)
        if name == RESET:
            raise httpx.RemoteProtocolError("reset")
        if reply.manner in {HANG, DRIP}:
            self.world.scheduler.sleep(self.timeout)
            raise httpx.ReadTimeout("too slow")
        headers = {"content-type": "application/json", **reply.headers}
        if reply.manner == RESET_IN_BODY:
            return httpx.Response(reply.status, headers=headers, stream=_Broken(reply.body))
        return httpx.Response(reply.status, headers=headers, stream=httpx.ByteStream(reply.body))


class _Broken(httpx.SyncByteStream):
    """A body that breaks off in the middle."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self.body[: len(self.body) // 2]
        raise httpx.ReadError("reset")
