"""Measure how long new conversations wait while stored insights are analysed again.

``make reanalysis-load`` runs it on the stack of ``make up``, with ``INSIGHTS=2000 NEW=500 RATE=10``
by default. The same number of new conversations is sent at the same rate twice: while nothing else
is analysed, and during the re-analysis. A conversation waits from its acceptance until its insight
is stored. All counters are compared with a recount before, in the middle of the re-analysis, and at
the end, and the counts of insights also while both go on.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, Final
from uuid import uuid4
from zlib import crc32

from rich.console import Console

from grok_insights.aws.concurrent import chunks
from grok_insights.domain.trends import KINDS
from scripts.pause import pause, resume
from scripts.put_profile import put_profile
from tests.e2e.backlog import SAMPLES, Backlog, show
from tests.recount import items

BULK: Final = 100
MOST_RATIO: Final = 2.0
"""How many times longer new conversations may wait during a re-analysis, at the 95th percentile."""

IN_FLIGHT_SECONDS: Final = 10.0
"""How long calls and transactions may go on after the analysis was paused."""

FIELD: Final = {
    "name": "answered",
    "type": "boolean",
    "description": "The customer's question was answered.",
}


@dataclass
class Load:
    """The measurement on one stack. ``marker`` is part of all ``external_id`` values."""

    backlog: Backlog
    marker: str
    say: Console

    def __post_init__(self) -> None:
        texts = SAMPLES.read_text("utf-8").splitlines()
        self.samples = [json.loads(line) for line in texts]
        self.requests = 0

    def send(self, items: list[dict[str, Any]]) -> list[str]:
        """Send conversations in one request, and return their ids."""
        body = self.request("POST", "/api/v1/conversations/bulk", json={"conversations": items})
        assert body["rejected"] == 0, body
        return [one["id"] for one in body["results"]]

    def request(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """Send a request from an address of its own, so that the rate limit does not delay it."""
        self.requests += 1
        address = f"198.18.{self.requests // 250 % 250}.{self.requests % 250 + 1}"
        headers = {"x-forwarded-for": address}
        response = self.backlog.api.client.request(method, path, headers=headers, **request)
        response.raise_for_status()
        found: dict[str, Any] = response.json()
        return found

    def conversation(self, name: str, **more: Any) -> dict[str, Any]:
        """Return a conversation, whose text is not that of another one."""
        sample = self.samples[crc32(name.encode()) % len(self.samples)]
        text = sample.get("text") or sample["messages"][0]["text"]
        return {"external_id": f"load-{self.marker}-{name}", "text": f"{text}\n{name}", **more}

    def store(self, number: int, first: datetime, step: timedelta) -> None:
        """Send conversations that took place before, and wait for their insights."""
        new = (
            self.conversation(f"old-{n}", occurred_at=(first + n * step).isoformat())
            for n in range(number)
        )
        for some in chunks(new, BULK):
            self.send(some)
        self.backlog.wait_until_analysed()

    def arrive(self, phase: str, number: int, rate: int) -> list[str]:
        """Send conversations at a rate per second, and return their ids."""
        ids: list[str] = []
        started = time.monotonic()
        for second, some in enumerate(chunks(range(number), rate)):
            time.sleep(max(0.0, started + second - time.monotonic()))
            ids += self.send([self.conversation(f"{phase}-{n}") for n in some])
        return ids

    def waits(self, ids: list[str]) -> list[float]:
        """Return how many seconds each conversation waited for its first insight, sorted."""
        environment, dynamodb = self.backlog.environment, self.backlog.dynamodb
        wanted = set(ids)
        accepted = {
            item["id"]["S"]: _time(item["created_at"]["S"])
            for item in items(dynamodb, environment["CONVERSATIONS_TABLE_NAME"])
            if item["id"]["S"] in wanted
        }
        analysed = {
            item["conversation_id"]["S"]: _time(json.loads(item["document"]["S"])["created_at"])
            for item in items(dynamodb, environment["INSIGHTS_TABLE_NAME"])
            if item["conversation_id"]["S"] in wanted
        }
        assert accepted.keys() == analysed.keys() == wanted
        return sorted((analysed[one] - accepted[one]).total_seconds() for one in wanted)

    def job(self, identity: str) -> dict[str, Any]:
        """Return a job."""
        return self.request("GET", f"/api/v1/jobs/{identity}")

    def ended(self, identity: str) -> dict[str, Any]:
        """Return a job when it has ended."""
        while (job := self.job(identity))["status"] == "running":
            time.sleep(2)
        return job

    def require_equal_counters(self, moment: str) -> None:
        """Compare all counters with a recount, while nothing is written."""
        assert self.backlog.counters() == self.backlog.recount(), f"counters differ {moment}"
        self.say.print(f"The counters equal a recount {moment}.")

    def require_verified(self, first: datetime) -> None:
        """Let the API compare how many insights there are of each kind with a recount meanwhile.

        Sums of tokens, cost and time change while they are read, since a job replaces insights.
        """
        day = first.replace(hour=0, minute=0, second=0, microsecond=0)
        query = {"from": day.isoformat(), "to": (day + timedelta(days=4)).isoformat()}
        trends = self.request("GET", "/api/v1/insights/trends", params={**query, "verify": "true"})
        difference = {kind: trends["difference"][kind] for kind in KINDS}
        assert not any(difference.values()), f"counters differ meanwhile: {difference}"
        self.say.print("The counters equal a recount while new ones arrive.")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Pause the analysis, and wait until all that is in flight has ended."""
        table = self.backlog.environment["STATE_TABLE_NAME"]
        pause(self.backlog.dynamodb, table, "a recount", datetime.now(UTC))
        try:
            time.sleep(IN_FLIGHT_SECONDS)
            yield
        finally:
            resume(self.backlog.dynamodb, table)

    @contextmanager
    def profile_with_another_field(self) -> Iterator[None]:
        """Activate a new version of the profile, and the one before at the end."""
        client = self.backlog.api.client
        before = client.get("/api/v1/profile").json()
        fields = [one for one in before["fields"] if one["name"] != FIELD["name"]]
        changed = {**before, "fields": [*fields, FIELD], "note": "reanalysis-load"}
        changed.pop("version")
        put_profile(client, changed)
        try:
            yield
        finally:
            path = f"/api/v1/profile/versions/{before['version']}/activate"
            client.post(path, headers={"If-Match": "*"}).raise_for_status()


def run(load: Load, insights: int, new: int, rate: int) -> dict[str, Any]:
    """Measure, and return the figures.

    Raises
    ------
    AssertionError
        Counters differ from a recount, the re-analysis lost an insight, or it ended too soon.
    """
    first = datetime.now(UTC).replace(microsecond=0) - timedelta(days=40)
    step = timedelta(days=2) / insights
    load.store(insights, first, step)
    load.require_equal_counters("before the re-analysis")
    alone = load.arrive("alone", new, rate)
    load.backlog.wait_until_analysed()
    with load.profile_with_another_field():
        chosen = {"from": first.isoformat(), "to": (first + insights * step).isoformat()}
        started = time.monotonic()
        body = {"kind": "reanalysis", "filter": chosen}
        identity = load.request("POST", "/api/v1/jobs", json=body)["id"]
        _replaced(load, identity, 0)
        with load.paused():
            load.require_equal_counters("in the middle of the re-analysis")
            paused_at = load.job(identity)["outcomes"]["done"]
        before = _replaced(load, identity, paused_at)
        both = load.arrive("both", new // 2, rate)
        load.require_verified(first)
        both += load.arrive("more", new - new // 2, rate)
        load.require_verified(first)
        meanwhile = load.job(identity)["outcomes"]["done"]
        job = load.ended(identity)
        seconds = time.monotonic() - started
        load.backlog.wait_until_analysed()
    assert job["status"] == "completed", job["error"]
    assert job["outcomes"]["failed"] == job["outcomes"]["skipped"] == 0, job["outcomes"]
    assert job["outcomes"]["done"] == insights, job["outcomes"]
    load.require_equal_counters("at the end")
    without, during = load.waits(alone), load.waits(both)
    return {
        "insights that were analysed again": job["outcomes"]["done"],
        "of these while new ones arrived": meanwhile - before,
        "re-analysis, s": round(seconds, 1),
        "new conversations, twice": new,
        "new conversations a second": rate,
        "p50 of waiting, alone, s": round(median(without), 2),
        "p50 of waiting, during the re-analysis, s": round(median(during), 2),
        "p95 of waiting, alone, s": round(_p95(without), 2),
        "p95 of waiting, during the re-analysis, s": round(_p95(during), 2),
        "longest waiting, alone, s": round(without[-1], 2),
        "longest waiting, during the re-analysis, s": round(during[-1], 2),
        "ratio of p95": round(_p95(during) / _p95(without), 2),
    }


def _replaced(load: Load, identity: str, number: int) -> int:
    """Wait until a job has replaced more insights than a number, and return how many.

    Raises
    ------
    AssertionError
        The job has ended.
    """
    while (done := (job := load.job(identity))["outcomes"]["done"]) <= number:
        assert job["status"] == "running", "the re-analysis ended too soon: choose more INSIGHTS"
        time.sleep(0.5)
    return int(done)


def _p95(sorted_values: list[float]) -> float:
    return sorted_values[int(0.95 * (len(sorted_values) - 1))]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def main() -> int:
    """Run the command on the stack of the environment; return 1 if new ones wait for too long."""
    console = Console()
    if "EMULATOR_PID" not in os.environ:
        console.print("Which stack? Start one with make up.")
        return 2
    with closing(Backlog(dict(os.environ))) as backlog:
        load = Load(backlog, uuid4().hex[:8], Console(stderr=True))
        figures = run(
            load,
            int(os.environ.get("INSIGHTS") or 2_000),
            int(os.environ.get("NEW") or 500),
            int(os.environ.get("RATE") or 10),
        )
    show(console, figures)
    return int(figures["ratio of p95"] > MOST_RATIO)


if __name__ == "__main__":
    sys.exit(main())
