"""Mutants that the simulation cannot detect, and why they do not affect the promises.

`docs/reliability.md` says with how many seeds each was run.
"""

from __future__ import annotations

from tests.simulation.mutation import CONDITION

METRIC = "it changes a metric alone"
SPEED = "it changes only how soon something is tried again"
COUNTED_ELSEWHERE = "it reorders changes in memory that do not depend on each other"
NO_THREAD = (
    "result() waits for each call; the second wait matters only when no thread can be started"
    " (test_exceptions.py)"
)
NET = "the step raises nothing here: it contains errors of the code itself (test_exceptions.py)"
DAMAGED = "it matters for damaged conversations and insights alone (test_damaged_items.py)"
REPEATED = "clients that repeat themselves send more messages, which are all dropped"
EACH_BY_ITSELF = "each function finds out by itself that writes fail, and makes no call"
POLLED = "messages are tried again every two seconds"
NOT_PROMISED = "no 202 was returned for the conversation"
JOBS_LATER = "it changes only how soon a job goes on while new conversations wait"
SAVED_BY_THEN = "the error is contained by the whole wave, whose insights are saved by then"
NEVER_TWICE = "DynamoDB accepts every failed insight"

REASONS: dict[tuple[str, str], str] = {
    ("analysis.admission", "turned round: worker_state.spent_ticks is None"): METRIC,
    ("analysis.admission", "without: self.pause_for_storage()"): EACH_BY_ITSELF,
    ("analysis.admission", "without: self.pauses.pause(PauseName.STORAGE"): EACH_BY_ITSELF,
    ("analysis.admission", "turned round: wave.budget_ticks == self.limits"): METRIC,
    ("analysis.batch", "without: self.counters.let_new_go_first(until)"): JOBS_LATER,
    ("analysis.batch", "contained('the values of segments could not be stored')"): (
        "the batch is delivered again, and no call was made for it"
    ),
    ("analysis.calls", "without: future.exception()"): NO_THREAD,
    ("analysis.calls", "without: _wait(futures)"): NO_THREAD,
    ("analysis.calls", "without: future.cancel()"): NO_THREAD,
    ("analysis.feedback", "contained('the pause for storage was not ended')"): SAVED_BY_THEN,
    ("analysis.outcomes", "contained('the outcome of a call could not be processed')"): NET,
    ("analysis.saving", "without: self.sleep(wait)"): (
        "the tries to save follow each other without a pause"
    ),
    ("analysis.waves", "without: self._stop(progress, Delay(AWS_RETRY_SECONDS))"): SPEED,
    ("analysis.waves", "contained('the crash mark of a conversation was not removed')"): (
        SAVED_BY_THEN
    ),
    ("analysis.waves", "refusals could not be found"): (
        "the error is contained by the whole wave, whose messages are delivered again"
    ),
    ("analysis.waves", "without: self.crash_marks.end"): (
        "a later suspicion may fail the conversation as crashed (test_crashes.py)"
    ),
    ("analysis.waves", "without: self.refusals.clear()"): (
        "the next refusal stops the calls at once, instead of the fifth"
    ),
    ("analysis.waves", "swapped: self.feedback.learn([result], admission)"): COUNTED_ELSEWHERE,
    ("analysis.outcomes", "order: other messages are sent again before"): (
        "they belong to other conversations"
    ),
    ("analysis.batch", "order: texts are read before the shared state"): "it costs reads",
    ("aws.state.spending", "lost: a reservation that was cancelled leaves nothing"): (
        "no request takes effect here after its caller has given it up (test_spending.py)"
    ),
    ("aws.state.pauses", "lost: a trial whose response was lost counts as refused"): SPEED,
    ("aws.worklist", "generation: a message stands for any generation"): (
        "a conversation may have the attempts of an earlier text, and still gets its insight"
    ),
    ("aws.conversations", "without: added.invalid.update"): (
        "every text can be stored; if one could not, the client would get 503 for 422"
    ),
    ("aws.conversations", "without: added.erased.add"): (
        "only imports ask for it, and the conversation is not accepted either way (test_imports.py)"
    ),
    ("aws.conversations", "without: added.unreadable.add(conversation.id)"): DAMAGED,
    ("aws.conversations", "without: generation_of(item)"): DAMAGED,
    ("aws.conversations", "without: concurrent.each(lambda run: self.transactions"): REPEATED,
    ("aws.ledger", "without: result.unreadable.add(identity)"): DAMAGED,
    ("aws.ledger", "without: result.unsaved.extend(rest)"): (
        "an item would have to change five times between writes that follow at once"
        " (test_ledger.py)"
    ),
    ("aws.ledger", "without: result.unsaved.append(entry)"): NEVER_TWICE,
    ("aws.worklist", "turned round: one.conversation.id"): (
        "a job sends a message that was dropped again in its next pass"
    ),
    ("aws.worklist", "without: todo.skipped"): (
        "a job ends without the outcome of an insight that was changed or erased meanwhile"
    ),
    ("aws.worklist", "without: todo.unreadable.extend(messages)"): DAMAGED,
    ("aws.state.circuit_breaker", "without: super().configure"): (
        "Powertools' own lease of 30 s is longer than most calls here"
    ),
    ("aws.state.circuit_breaker", "without: refused_item(error)"): (
        "an error of that write is ignored, as Powertools does with it"
    ),
    ("aws.state.pauses", "without: refused_item(error)"): (
        "an error of that write is contained by the step around it"
    ),
    ("aws.state.timetable", "without: refused_item(error)"): (
        "an error counts as a refusal: no call starts"
    ),
    ("flow.pauses", "turned round: limits.pace is None"): POLLED,
    ("flow.pauses", "turned round: worker_state.next_start_at"): POLLED,
    ("ingest.conversations", "without: self._refuse_when_full"): (
        "the length of the queue is no promise"
    ),
    ("ingest.conversations", "without: self._withdraw"): NOT_PROMISED,
    ("ingest.conversations", "without: concurrent.each(self.erasure.erase"): NOT_PROMISED,
    ("ingest.conversations", "without: self.conversations.mark_enqueued"): REPEATED,
    ("analysis.batch", "without: self.proposals.add"): (
        "proposed topics are counted approximately (D-069)"
    ),
    (CONDITION, "attribute_not_exists(#s0) AND attribute_not_exists(#s1)"): (
        "the same transaction stores a version of the profile that must not exist yet"
    ),
    (CONDITION, "attribute_not_exists(#state) OR #state = :closed"): (
        "late errors of an outage prolong the pause, and start no call"
    ),
    (CONDITION, "next_us <= :latest"): (
        "a wave waits longer, and is delivered again if its time is over"
    ),
}
"""By the end of the module's name, and a part of the text."""


def fits(module: str, source: str, reason: tuple[str, str]) -> bool:
    """Whether a reason belongs to the mutant of a module that has this text.

    A reason for a condition has its whole text.
    """
    end, text = reason
    return module.endswith(end) and (text == source or (end != CONDITION and text in source))


def reason_of(module: str, source: str) -> str:
    """Return why a mutant does not matter; empty if there is no reason."""
    return next((why for reason, why in REASONS.items() if fits(module, source, reason)), "")
