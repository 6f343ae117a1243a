"""Mutants that no rule makes from the source: each replaces some text of a module.

They are the acknowledgements that come before their write, the lost responses that are ignored, the
pairs of writes whose order needs more than two statements to change, the reservation that is
skipped, the generations that are compared differently, the faults that were found before, the
profiles that are confused, and those of `by_hand_jobs`.
"""

from __future__ import annotations

from tests.simulation.by_hand_jobs import JOBS_BY_HAND
from tests.simulation.edits import ByHand
from tests.simulation.edits import made as _made

ANALYSIS, AWS = "grok_insights.analysis", "grok_insights.aws"


ACKNOWLEDGED_FIRST = (
    _made(
        "ack",
        "every message is deleted, whatever became of it",
        "functions.analysis.app",
        ("message is None or message.conversation_id in report.redelivered", "message is None"),
    ),
    _made(
        "ack",
        "a message is deleted although its insight was not saved",
        f"{ANALYSIS}.outcomes",
        ("return self.requeue.resend(resent) + Report(unsaved=ids)", "return Report(unsaved=ids)"),
    ),
    _made(
        "ack",
        "a message is deleted before it is sent again",
        f"{ANALYSIS}.requeue",
        (
            "deferred=len(actions) - retried, redelivered=frozenset(unsent)",
            "deferred=len(actions) - retried",
        ),
    ),
    _made(
        "ack",
        "a message is deleted before its dead letter is sent",
        f"{ANALYSIS}.requeue",
        ("len(messages) - len(unsent), redelivered=frozenset(unsent)", "len(messages)"),
    ),
    _made(
        "ack",
        "a conversation is noted as enqueued before its message is sent",
        "grok_insights.ingest.conversations",
        ("proven = [one for one in unproven if one.id not in unsent]", "proven = unproven"),
    ),
    _made(
        "ack",
        "a deletion is confirmed before its transaction",
        f"{AWS}.erasure",
        ("            if not reasons:\n", "            if True:\n"),
    ),
    _made(
        "ack",
        "a correction of the budget counts as made before its request",
        f"{AWS}.state.spending",
        ("self._corrections[0]()", "self._corrections.popleft()()"),
        ("            self._corrections.popleft()\n\n", "\n"),
    ),
    _made(
        "ack",
        "the mark of a crash is removed before the call",
        f"{ANALYSIS}.waves",
        (
            "        if begun_calls > MAX_OWN_CRASHES:\n",
            "        self.crash_marks.end(work.conversation.id)\n"
            "        if begun_calls > MAX_OWN_CRASHES:\n",
        ),
    ),
    _made(
        "ack",
        "a pause ends when its trial begins",
        f"{ANALYSIS}.admission",
        (
            "            trials.append(trial)\n",
            "            trials.append(trial)\n            self.pauses.end_pause(trial)\n",
        ),
    ),
    _made(
        "ack",
        "a reservation is settled before the calls",
        f"{ANALYSIS}.waves",
        (
            "        calls = self.caller.wave(works,",
            "        self.admission_control.settle(admission, 0)\n"
            "        calls = self.caller.wave(works,",
        ),
    ),
)

LOST_RESPONSES = (
    _made(
        "lost",
        "a reservation whose response was lost counts as refused",
        f"{AWS}.state.spending",
        ("return reservation if reservation.id in refused_item(error) else None", "return None"),
    ),
    _made(
        "lost",
        "a reservation that was cancelled leaves nothing that refuses a late request",
        f"{AWS}.state.spending",
        ("expiration = :expiration, #own = :zero", "expiration = :expiration REMOVE #own"),
    ),
    _made(
        "lost",
        "a trial whose response was lost counts as refused",
        f"{AWS}.state.pauses",
        ("return trial if is_ours else None", "return None"),
    ),
    _made(
        "lost",
        "a failed insight whose response was lost gets no dead letter",
        f"{ANALYSIS}.outcomes",
        ("redelivered=frozenset(again)", "redelivered=frozenset()"),
    ),
    _made(
        "lost",
        "a repeated message does not send the dead letter that may be missing",
        f"{AWS}.worklist",
        ("    if _is_its_own_failure(message, counted):\n", "    if False:\n"),
    ),
    _made(
        "lost",
        "totals are added without a token",
        f"{AWS}.state.counters",
        (
            '        return self.transactions.write([totals], lambda _: [{"Update": update}])',
            "        self.client.update_item(**update)\n"
            "        return self.transactions.write([], lambda _: [])",
        ),
    ),
    _made(
        "lost",
        "a late response to a claim of start times counts as in time",
        f"{ANALYSIS}.admission",
        ("            if pace is None or", "            if True or pace is None or"),
    ),
    _made(
        "lost",
        "keys that a batch read left out count as absent",
        f"{AWS}.dynamodb.batch_get",
        ("            if not unprocessed:\n", "            if True:\n"),
    ),
    _made(
        "lost",
        "a message that SQS did not take counts as sent",
        f"{AWS}.queue",
        ('failed = response.get("Failed", [])', "failed: list[Any] = []"),
    ),
    _made(
        "lost",
        "a message whose request failed counts as sent",
        f"{AWS}.queue",
        ("return {outgoing.message.conversation_id for outgoing in batch}", "return set()"),
    ),
    _made(
        "lost",
        "a conversation without a message is accepted",
        "grok_insights.ingest.conversations",
        ("dict.fromkeys(added.stored.keys() - unsent,", "dict.fromkeys(added.stored.keys(),"),
    ),
)

ORDER = (
    _made(
        "order",
        "the dead letter is sent before the failed insight is saved",
        f"{ANALYSIS}.outcomes",
        (
            "        result = self.saver.save(entries, remaining_seconds)\n",
            "        early = _dead_letter_reasons(entry.insight for entry in entries)\n"
            "        self.requeue.dead_letter([(messages[one], early[one]) for one in early])\n"
            "        result = self.saver.save(entries, remaining_seconds)\n",
        ),
        (
            "report = self.requeue.dead_letter(dead_letters)",
            "report = Report(dead_lettered=len(dead_letters))",
        ),
    ),
    _made(
        "order",
        "messages are sent before conversations are stored",
        "grok_insights.ingest.conversations",
        (
            "        added = self.conversations.add(conversations.values(), restores",
            "        unsent = self._send(conversations.values(), 0)\n"
            "        added = self.conversations.add(conversations.values(), restores",
        ),
        (
            "self._enqueue(added, withdraws=not is_import)\n        return",
            "self._enqueue(added, unsent, withdraws=not is_import)\n        return",
        ),
        (
            "def _enqueue(self, added: Added, *,",
            "def _enqueue(self, added: Added, unsent: set[str], *,",
        ),
        ("        unsent = self._send(added.stored.values(), 0)\n", ""),
        (
            "(added.stored[identity] for identity in unsent)",
            "(added.stored[identity] for identity in unsent & added.stored.keys())",
        ),
    ),
    _made(
        "order",
        "other messages are sent again before insights are saved",
        f"{ANALYSIS}.outcomes",
        (
            "        report = self._save(entries, _messages(call.work for call in calls),"
            " remaining_seconds)\n        report += self.requeue.resend(retries)",
            "        report = self.requeue.resend(retries)\n        report += self._save("
            "entries, _messages(call.work for call in calls), remaining_seconds)",
        ),
    ),
    _made(
        "order",
        "texts are read before the shared state",
        f"{ANALYSIS}.batch",
        (
            "        worker_state = self._with_new_first(self.waves.",
            "        self._read(messages)\n        worker_state = self._with_new_first(self.waves.",
        ),
    ),
)

PACE_AND_BUDGET = (
    _made(
        "reservation",
        "the reservation is skipped",
        f"{ANALYSIS}.admission",
        (
            "        if not wave.budget_ticks:\n            return A",
            "        if True:\n            return A",
        ),
    ),
    _made(
        "reservation",
        "nothing is reserved",
        f"{ANALYSIS}.admission",
        ("budget.estimated_ticks(wave.texts[:size], self.usd_per_1k, overhead)", "0"),
    ),
    _made(
        "reservation",
        "one call of a wave is reserved",
        f"{ANALYSIS}.admission",
        ("budget.estimated_ticks(wave.texts[:size]", "budget.estimated_ticks(wave.texts[:1]"),
    ),
    _made(
        "reservation",
        "a reservation is made from a budget that is spent",
        f"{AWS}.state.spending",
        (
            '                " AND (attribute_not_exists(ticks) OR ticks < :budget)",\n',
            '                " AND (attribute_not_exists(ticks) OR ticks <> :budget)",\n',
        ),
    ),
    _made(
        "reservation",
        "a reservation is made twice",
        f"{AWS}.state.spending",
        (
            'ConditionExpression="attribute_not_exists(#own)"\n',
            'ConditionExpression="attribute_not_exists(never)"\n',
        ),
    ),
    _made(
        "pace",
        "twice the pace",
        "grok_insights.flow.pace",
        (
            "return round(calls * MICROSECONDS / self",
            "return round(calls * MICROSECONDS / 2 / self",
        ),
    ),
    _made(
        "pace",
        "calls of a wave start at half of their interval",
        f"{AWS}.state.timetable",
        (
            "interval = pace.taken_us(1) / MICROSECONDS",
            "interval = pace.taken_us(1) / 2 / MICROSECONDS",
        ),
    ),
    _made(
        "pace",
        "a claim takes the time of one call",
        f"{AWS}.state.timetable",
        (
            "round(now * MICROSECONDS), pace.taken_us(calls)",
            "round(now * MICROSECONDS), pace.taken_us(1)",
        ),
    ),
)

GENERATIONS = (
    _made(
        "generation",
        "a generation is the time alone",
        "grok_insights.domain.conversation",
        (
            "max(timestamps.to_milliseconds(self.created_at), after + 1)",
            "timestamps.to_milliseconds(self.created_at)",
        ),
    ),
    _made(
        "generation",
        "the mark of a deletion has the time in place of the generation",
        f"{AWS}.erasure",
        ("max(_generation_or(unknown, conversation), _generation_or(unknown, insight))", "unknown"),
    ),
    _made(
        "generation",
        "a mark has the earlier of two generations",
        f"{AWS}.erasure",
        ("generation = max(", "generation = min("),
    ),
    _made(
        "generation",
        "an insight of any generation is that of the conversation",
        f"{AWS}.insights.table",
        ("if known.generation >= generations[known.conversation_id]", "if known.generation"),
    ),
    _made(
        "generation",
        "an insight must be of a later generation than the conversation",
        f"{AWS}.insights.table",
        ("known.generation >= generations", "known.generation > generations"),
    ),
    _made(
        "generation",
        "an insight is saved over the mark of its own generation",
        f"{AWS}.insights.table",
        ("erased < :generation", "erased <= :generation"),
    ),
    _made(
        "generation",
        "an insight of the same generation is replaced",
        f"{AWS}.ledger",
        ("generation >= entry.lifetime.generation", "generation > entry.lifetime.generation"),
    ),
    _made(
        "generation",
        "an insight of the same generation counts as an earlier one",
        f"{AWS}.worklist",
        ("insight.generation < conversation", "insight.generation <= conversation"),
    ),
    _made(
        "generation",
        "a message stands for any generation",
        f"{AWS}.worklist",
        ("return message.generation in {None, conversation.lifetime.generation}", "return True"),
    ),
    _made(
        "generation",
        "a conversation is told by its id alone when it is replaced or erased",
        f"{AWS}.conversations",
        ('("id", "generation", "erased")', '("id",)'),
    ),
    _made(
        "generation",
        "an insight is replaced whatever its revision",
        f"{AWS}.insights.item",
        ('"generation", "revision"', '"generation"'),
    ),
)

FOUND_BEFORE = (
    _made(
        "fault",
        "a conversation and its insight expire separately",
        f"{AWS}.insights.item",
        (
            '"ttl": number(counted.expires_at)',
            '"ttl": number(int(insight.created_at.timestamp()) + 15 * 86_400)',
        ),
    ),
    _made(
        "fault",
        "a failed save is paid for again and again",
        f"{ANALYSIS}.outcomes",
        ("MAX_UNSAVED: Final = 3", "MAX_UNSAVED: Final = 1_000"),
    ),
    _made(
        "fault",
        "a reservation stays if the mark of a crash cannot be written",
        f"{ANALYSIS}.waves",
        (
            "        with self.admission_control.given_back_on_failure(admission):\n"
            "            begun_calls = self.crash_marks.begin(work.conversation.id)\n",
            "        begun_calls = self.crash_marks.begin(work.conversation.id)\n",
        ),
    ),
    _made(
        "fault",
        "a call about a suspected conversation starts late if its crash mark was slow",
        f"{ANALYSIS}.waves",
        (
            "timely := self.admission_control.on_time(admission, latest), Delay",
            "timely := admission, Delay",
        ),
    ),
    _made(
        "fault",
        "the failure in place of an insight that cannot be stored gets no dead letter",
        f"{ANALYSIS}.outcomes",
        (
            "        again = _dead_letter_reasons(result.refused.values())\n",
            "        again = _dead_letter_reasons(\n"
            "            one for one in result.refused.values() if one.outcome != UNSTORABLE\n"
            "        )\n",
        ),
    ),
)

PROFILES = (
    _made(
        "profile",
        "a function keeps the version of the profile that it has read first",
        f"{AWS}.state.active_profile",
        (
            "            if known.version == pointer.active:\n",
            "            if known.version > 1:\n",
        ),
    ),
    _made(
        "profile",
        "new values of segments are not admitted",
        f"{ANALYSIS}.waves",
        ("self.segment_values.admit(state.active, conversations)", "state.active"),
    ),
    _made(
        "profile",
        "an insight is not counted by its segments",
        "grok_insights.domain.insight",
        ("in insight.segments.items():", "in ():"),
    ),
    _made(
        "profile",
        "an answer is read by the built-in profile",
        "grok_insights.grok.answer",
        ("fields = field_values(found, prompt.profile)", "fields = field_values(found, BUILT_IN)"),
        (
            "from grok_insights.domain.profile import TopicMode\n",
            "from grok_insights.domain.profile import BUILT_IN, TopicMode\n",
        ),
    ),
)

BY_HAND = (
    *ACKNOWLEDGED_FIRST,
    *LOST_RESPONSES,
    *ORDER,
    *PACE_AND_BUDGET,
    *GENERATIONS,
    *FOUND_BEFORE,
    *PROFILES,
    *JOBS_BY_HAND,
)


def edited(source: str, mutant: ByHand) -> str:
    """Return the source of a module with the mutant's changes.

    Raises
    ------
    LookupError
        A text does not occur exactly once: the code has changed.
    """
    for before, after in mutant.edits:
        if source.count(before) != 1:
            raise LookupError(f"{mutant.module} does not contain once: {before!r}")
        source = source.replace(before, after)
    return source
