"""Jobs on stored insights with parts of a test: the API, the steps, and the analysis function."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from functions.analysis import app
from functions.jobs.app import create_app
from grok_insights import wiring
from grok_insights.aws.queue import Message
from grok_insights.domain.conversation import Conversation
from grok_insights.domain.insight import Analysis, Cost, CostSource, Sentiment
from grok_insights.domain.job import StepName
from grok_insights.domain.profile import Profile
from grok_insights.grok.analyzer import Answer
from grok_insights.grok.prompt import Prompt
from grok_insights.jobs.steps import Event
from grok_insights.wiring import Parts
from tests.builders import NOW, LambdaContext, api_event, sqs_event
from tests.functional.imports import ROLE
from tests.functional.query import ClientResponse, identity, response_of
from tests.recount import counted, recount

SECONDS = 300.0
Json = dict[str, Any]


@dataclass
class Saying:
    """An analyzer that says of a conversation what the test wants."""

    outcome: Callable[[Prompt], Analysis]
    prompts: list[str] = field(default_factory=list)
    longest_call_seconds: float = 1.0
    model: str = "grok-test"
    is_mock: bool = False

    def prompt_version(self, profile: Profile) -> str:
        return f"p{profile.version}"

    def overhead_tokens(self, profile: Profile) -> int:
        del profile
        return 0

    def analyse(self, prompt: Prompt) -> Answer:
        self.prompts.append(prompt.conversation_id)
        cost = Cost(100, 2_000_000, CostSource.REPORTED)
        return Answer(self.outcome(prompt), cost, self.model, False, 0.0, "p1")


def says(sentiment: Sentiment, *topics: str) -> Callable[[Prompt], Analysis]:
    return lambda _: Analysis("A summary.", sentiment, topics)


@dataclass
class Reworks:
    """Both ends of a job. ``waited`` are the reasons and seconds for which it waited."""

    parts: Parts
    analyzer: Saying
    waited: list[tuple[str | None, int]] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    is_analysing: bool = False
    slept: float = 0.0

    def __post_init__(self) -> None:
        for name in ("import", "rework"):
            self.parts.stepfunctions().create_state_machine(
                name=name,
                definition='{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}',
                roleArn=ROLE,
            )
        self.http_handler = create_app(self.parts)
        self.analysis = wiring.analysis(self.parts, self.analyzer)

    def conversations(self, count: int, first: int = 0, metadata: Json | None = None) -> list[str]:
        """Store conversations, a day apart, analyse them, and return their ids."""
        ids = [identity(number) for number in range(first, first + count)]
        at = self.parts.now()
        self.parts.conversations.add(
            Conversation(one, f"Text {one}", at, NOW - timedelta(days=number), metadata=metadata)
            for number, one in enumerate(ids)
        )
        self.deliver([Message(one, 1, at) for one in ids])
        return ids

    def deliver(self, messages: Iterable[Message], receives: int = 1) -> list[str]:
        """Run the analysis on messages; return the ids of those that SQS delivers again."""
        found = list(messages)
        event = sqs_event([one.to_body() for one in found])
        for record in event["Records"]:
            record["attributes"]["ApproximateReceiveCount"] = str(receives)
        response = app.handler(event, LambdaContext(), self.analysis)
        numbers = [int(one["itemIdentifier"][1:]) for one in response["batchItemFailures"]]
        return [found[number].conversation_id for number in numbers]

    def received(self) -> list[Message]:
        """Receive and delete all messages that wait, whatever their delay."""
        url, sqs = self.parts.settings.analysis_queue_url, self.parts.sqs
        found: list[Message] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for one in messages:
                found.append(Message.from_body(one["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        self.sent += found
        return found

    def request(self, method: str, path: str, body: Any = None) -> ClientResponse:
        return response_of(self.http_handler, api_event(method, path, body))

    def start(self, **options: Any) -> str:
        """Start a job a second later, without running it; return its id."""
        started = self.request("POST", "/api/v1/jobs", {"kind": "reanalysis", **options})
        assert started.status == 202, started
        return str(started.body["id"])

    def job(self, job_id: str) -> Json:
        return dict(self.request("GET", f"/api/v1/jobs/{job_id}").body)

    def step(self, step: StepName, job_id: str, run: int = 1, part: int = 0) -> Json:
        """Run one step in another execution environment, whose queue depth is not cached."""
        steps = wiring.rework_steps(
            replace(self.parts, sleep=self._sleep, monotonic=lambda: self.slept)
        )
        result = steps(Event(step, job_id, run, part), SECONDS)
        json.dumps(result)
        return result

    def run(self, job_id: str, *, analyse: bool = True, most_rounds: int = 30) -> Json:
        """Run the steps as the state machine does, and the analysis after each round."""
        run = self.job(job_id)["run"]
        self.is_analysing = analyse
        state = "read"
        for _ in range(most_rounds):
            result = self.step(StepName(state), job_id, run)
            state = result["next"]
            if state in {"import", "import_one_by_one"}:
                for part in result["ranges"]:
                    self.step(StepName.PART, job_id, run, part)
                if analyse:
                    self.deliver_all()
                state = "plan"
            if state == "wait":
                self.waited.append((self.job(job_id)["waiting_for"], result["seconds"]))
                return self.job(job_id)
            if state == "finish":
                state = self.step(StepName.FINISH, job_id, run)["next"]
            if state == "stop":
                return self.job(job_id)
        raise AssertionError("the job does not end")

    def _sleep(self, seconds: float) -> None:
        """Pass the time. The analysis goes on meanwhile, unless a test has it at another time."""
        self.slept += seconds
        if self.is_analysing:
            self.deliver_all()

    def ended(self, job_id: str) -> Json:
        """Run a job until it has ended, whatever it waits for."""
        for _ in range(10):
            job = self.run(job_id)
            if job["status"] != "running":
                return job
        raise AssertionError(f"the job does not end: {self.waited}")

    def deliver_all(self) -> None:
        messages = self.received()
        if messages:
            self.deliver(messages)

    def insight(self, conversation_id: str) -> Json:
        stored = self.parts.insights.stored(conversation_id)
        assert stored is not None
        return dict(json.loads(stored.document))

    def versions(self) -> int:
        return len(self.parts.dynamodb.scan(TableName=self.parts.settings.versions_table)["Items"])

    def counters_equal_a_recount(self) -> bool:
        """Return whether all counters, with those of labels, follow from the stored insights."""
        client, settings = self.parts.dynamodb, self.parts.settings
        stored = counted(client, settings.trends_table)
        return bool(stored) and stored == recount(client, settings.insights_table)


def later(reworks: Reworks, **by: float) -> Parts:
    """Return the parts with a clock that is ahead."""
    now = reworks.parts.now
    return replace(reworks.parts, now=lambda: now() + timedelta(**by))
