"""The analysis of conversations with turns: what Grok is sent, and what the analyzer is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from grok_insights.domain.conversation import Conversation, Role, Turn, transcript
from grok_insights.domain.profile import Profile
from grok_insights.grok.analyzer import Analyzer, Answer
from grok_insights.grok.prompt import Prompt
from tests.builders import AN_ID
from tests.functional.analysis.conftest import NewWorker
from tests.functional.worker import Worker
from tests.standin import digest

TURNS = (
    Turn(Role.CUSTOMER, "Where is\nmy parcel?", datetime(2026, 11, 20, 8, tzinfo=UTC)),
    Turn(Role.AGENT, "It arrives tomorrow.", name="Priya"),
)


@dataclass
class Recording:
    """An analyzer that records prompts, and passes them on."""

    analyzer: Analyzer
    prompts: list[Prompt] = field(default_factory=list)

    @property
    def longest_call_seconds(self) -> float:
        return self.analyzer.longest_call_seconds

    @property
    def model(self) -> str:
        return self.analyzer.model

    def prompt_version(self, profile: Profile) -> str:
        return self.analyzer.prompt_version(profile)

    def overhead_tokens(self, profile: Profile) -> int:
        return self.analyzer.overhead_tokens(profile)

    @property
    def is_mock(self) -> bool:
        return self.analyzer.is_mock

    def analyse(self, prompt: Prompt) -> Answer:
        self.prompts.append(prompt)
        return self.analyzer.analyse(prompt)


def store(worker: Worker) -> str:
    now = datetime.now(UTC)
    one = Conversation(AN_ID, transcript(TURNS), now, now, turns=TURNS)
    worker.parts.conversations.add([one])
    return one.id


def test_grok_is_sent_one_line_for_each_turn(worker: Worker) -> None:
    assert worker.run(store(worker)) == []
    [call] = worker.standin.books.calls
    sent = "Customer: Where is my parcel?\nAgent: It arrives tomorrow."
    assert call.conversation == digest(sent)
    insight = worker.insight(AN_ID)
    assert insight is not None
    assert insight["status"] == "completed"


def test_the_analyzer_is_given_the_turns_as_they_were_sent(new_worker: NewWorker) -> None:
    made: list[Recording] = []

    def wrap(analyzer: Analyzer) -> Recording:
        made.append(Recording(analyzer))
        return made[-1]

    worker = new_worker(wrap)
    worker.run(store(worker))
    [prompt] = made[-1].prompts
    assert prompt.turns == TURNS
    assert prompt.text == "Customer: Where is my parcel?\nAgent: It arrives tomorrow."
