"""Mutants of the promises about jobs on stored insights. Only seeds with jobs can detect them."""

from __future__ import annotations

from functools import partial

from tests.simulation.edits import made

ANALYSIS, AWS, JOBS = "grok_insights.analysis", "grok_insights.aws", "grok_insights.jobs"

_job = partial(made, "job")
_remap = partial(made, "remap")

REPLACED = (
    _job(
        "the replaced insight is not kept",
        f"{AWS}.ledger",
        (" + self.versions.keep(entry.replaces, entry.rework.document)", ""),
    ),
    _job(
        "the new insight is kept in place of the replaced one",
        f"{AWS}.ledger",
        (
            "self.versions.keep(entry.replaces, entry.rework.document)",
            "self.versions.keep(entry.replaces, json.dumps(entry.insight.as_json()))",
        ),
    ),
    _job(
        "a version has the revision of the new insight",
        f"{AWS}.insights.versions",
        (
            "**self._key(replaced.conversation_id, replaced.revision),",
            "**self._key(replaced.conversation_id, replaced.revision + 1),",
        ),
    ),
    _job(
        "a failure replaces an insight",
        f"{ANALYSIS}.outcomes",
        (
            "            if message.job:\n                return _failure(call",
            "            if False:\n                return _failure(call",
        ),
    ),
    _job(
        "any revision of an insight is the selected one",
        f"{AWS}.worklist",
        ("        and counted.revision == message.revision\n", ""),
    ),
    _job(
        "a replacement is no outcome of its job",
        f"{AWS}.ledger",
        ("        if entry.rework.is_first:", "        if False:"),
    ),
    _job(
        "an erased conversation keeps its versions",
        f"{AWS}.erasure",
        ("                *self.versions.deletions(conversation_id),\n", ""),
    ),
)

STOPPED = (
    _job(
        "messages of a job that does not run are processed",
        f"{ANALYSIS}.batch",
        (
            "[message for message in messages if not message.job or message.job in running]",
            "list(messages)",
        ),
    ),
    _job(
        "a cancellation does not close the job",
        f"{JOBS}.manage",
        ("                self._close(cancelled)\n", ""),
    ),
    _job(
        "the end of a job does not close it",
        f"{JOBS}.rework.steps",
        ("        self._close(later)\n", ""),
    ),
    _job(
        "a cancelled job is not cancelled again",
        f"{JOBS}.manage",
        (
            "            if not (job.is_running or is_cancelled):\n",
            "            if is_cancelled:\n                return job\n"
            "            if not (job.is_running or is_cancelled):\n",
        ),
    ),
    _job(
        "a late end of a run closes the next one",
        f"{AWS}.state.job_outcomes",
        ("OR #run <= :run", "OR #run <= :run OR #run > :run"),
    ),
    _job(
        "a late step opens a run that was closed",
        f"{AWS}.state.job_outcomes",
        ("(#run = :run AND attribute_not_exists(closed))", "#run = :run"),
    ),
    _job(
        "the first step ends its execution if the job has changed",
        f"{JOBS}.rework.steps",
        ('"read" if later is None', '"stop" if later is None'),
    ),
    _job(
        "a job does not end if it has changed since it was read",
        f"{AWS}.jobs",
        ("            current = self.get(job.id)\n", "            current = None\n"),
    ),
)

NEW_FIRST = (
    _job(
        "a job waits for the next day although its budget was raised",
        f"{JOBS}.rework.resend",
        ("min(seconds, LONGEST_BUDGET_WAIT_SECONDS)", "seconds"),
    ),
    _job(
        "jobs do not wait for new conversations",
        f"{ANALYSIS}.admission",
        ("if is_rework and new_first_seconds > 0:", "if False:"),
    ),
    _job(
        "a batch with an old new message does not make its own jobs wait",
        f"{ANALYSIS}.batch",
        (
            "        return replace(worker_state, new_first_until=int(until))",
            "        return worker_state",
        ),
    ),
    _job(
        "jobs spend the whole budget",
        f"{ANALYSIS}.admission",
        ("rework_budget(budget_ticks) if is_rework else budget_ticks", "budget_ticks"),
    ),
)

COUNTED = (
    _job(
        "a failure is recorded twice",
        f"{AWS}.state.job_outcomes",
        (
            '"ConditionExpression": "attribute_not_exists(id)"',
            '"ConditionExpression": "attribute_not_exists(never)"',
        ),
    ),
    _job(
        "a replacement is not counted for its job",
        f"{AWS}.ledger",
        (" + self._job_updates(run, shard)", ""),
    ),
    _job(
        "conversations that have failed are sent again in each pass",
        f"{JOBS}.rework.resend",
        (" if one.conversation_id not in ended]", "]"),
    ),
    _job(
        "a job ends after it has sent its messages once",
        f"{JOBS}.rework.resend",
        ("if job.counts.sent == job.sent_before:", "if job.passes > 1:"),
    ),
    _job(
        "a part counts twice if two executions read it",
        f"{AWS}.jobs",
        (
            '"attribute_not_exists(done) OR done = :done"',
            '"attribute_not_exists(done) OR done = :done OR done <> :done"',
        ),
    ),
)

MAPPED = (
    _remap(
        "a remap keeps no version",
        f"{AWS}.ledger",
        (
            "        return actions + self.versions.keep(",
            "        if entry.rework.reason is Reason.REMAP:\n            return actions\n"
            "        return actions + self.versions.keep(",
        ),
    ),
    _remap(
        "a remap replaces any revision",
        f"{AWS}.insights.table",
        (
            "        if replaces is None:",
            '        if item.get("reason", {}).get("S") == "remap":\n            return write\n'
            "        if replaces is None:",
        ),
    ),
    _remap(
        "an insight that a remap has mapped already is not selected again",
        f"{AWS}.insights.scan",
        ('if text_of(item, "job_id") == made_by:', "if False:"),
    ),
)

JOBS_BY_HAND = (*REPLACED, *STOPPED, *NEW_FIRST, *COUNTED, *MAPPED)
