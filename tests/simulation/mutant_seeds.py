"""The seeds with which each mutant runs: half of them concentrate on what the mutant changes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice, zip_longest

from tests.simulation.mutation import CONDITION, Mutant

JOB, REMAP = "job: ", "remap: "
"""The beginnings of the texts of mutants that only seeds with jobs, or with remaps, can detect."""

JOBS = "jobs"
"""Stands for jobs in `FOCUSES`: all seeds of the mutant have some."""

STORED = ("rivals", "queue", "deaths", "odd texts", "haste", "letters", "expiry", "redrives")
STOPPED = ("credits", "storage", "writes", "rate limit")
OPENED = ("outage", "wrong setting", "writes")
FOCUSES: dict[str, tuple[str, ...]] = {
    "paid for again": ("storage",),
    "PauseName.STORAGE": ("storage",),
    "pause_for_storage": ("storage",),
    "mark of a crash": ("deaths",),
    "starts late": ("writes",),
    "insight that cannot be stored": ("odd texts",),
    "crash": ("deaths",),
    "suspect": ("deaths",),
    "_process_wave([work]": ("deaths",),
    "give_up([work]": ("deaths",),
    "learn([]": ("deaths",),
    "a wave did not end": ("deaths",),
    "reworks.clear()": (JOBS,),
    "running totals": ("storage", "writes"),
    "batch size was not shared": ("outage",),
    "jobs were not told": ("outage", "credits"),
    "proposed topics": ("analysts",),
    "used-up credits": ("credits",),
    "was not slowed down": ("rate limit",),
    "pause for storage": ("storage",),
    "refusals could not be found": ("wrong setting",),
    "contained(": ("writes",),
    "_slow_down": ("rate limit",),
    "leave_free_until": ("rate limit",),
    "self.circuit.call(fail)": ("wrong setting",),
    "self.caller.stop(fault)": ("wrong setting",),
    "self._sleep_until(start)": ("wrong setting",),
    "open_at_once": ("wrong setting",),
    "{'S': CIRCUIT}": ("wrong setting",),
    "MAX_GENERATION": ("haste",),
    "result.unstorable": (JOBS, "odd texts"),
    "ledger": ("storage", "letters", "odd texts", "redrives"),
    "given_up.append": ("letters", "queue"),
    "message.redrives == insight.redrives": ("letters", "queue"),
    "insight.attempts": ("letters", "queue"),
    "_sort_reworks": (JOBS,),
    "todo.skipped": (JOBS,),
    "todo.works.append(work)": (JOBS,),
    "by_id.pop": (JOBS,),
    "work is None": (JOBS,),
    "'job_id'": (JOBS,),
    "one.conversation.id": (JOBS,),
    "worklist turned round: conversation is None (place 2)": (JOBS,),
    "worklist turned round: counted is None (place 2)": (JOBS,),
    "insight is None": (JOBS,),
    "counted.generation ==": (JOBS,),
    "counted.revision": (JOBS,),
    "expires_at > now": (JOBS,),
    "document is None": (JOBS,),
    "before its message is sent": ("queue",),
    "counts as sent": ("queue",),
    "whatever its revision": ("redrives",),
    "of two generations": ("haste",),
    "mark of its own generation": ("haste",),
    "no dead letter": ("letters",),
    "mark of a deletion": ("haste",),
    "time alone": ("haste",),
    "insight of any generation": ("expiry",),
    "generation:": ("haste", "expiry", "rivals"),
    "expire separately": ("expiry",),
    "generation = :generation": ("rivals",),
    "condition attribute_not_exists(id)": ("twice",),
    "condition attribute_not_exists(ids)": (JOBS,),
    "condition version = :version": (JOBS,),
    "attribute_not_exists(seen)": ("analysts",),
    "condition #s0 = :s0 AND #s1 = :s1 AND attribute_not_exists(#s2)": ("expiry",),
    "condition #s0 = :s0 AND #s1 = :s1 AND #s2": ("haste", "expiry", "redrives", "rivals"),
    "condition #s0 = :s0 AND #s1 = :s1": ("analysts",),
    "AND attribute_not_exists(#s1) AND attribute_not_exists(#s2)": ("expiry",),
    "condition attribute_not_exists(#s0) AND attribute_not_exists(#s1)": ("analysts",),
    "#s0": ("haste", "expiry", "redrives", "rivals"),
    "trial": ("credits", "storage"),
    "#until": ("credits",),
    "self._cancel(reservation)": ("writes",),
    "Up (place 3)": ("writes",),
    CONDITION: (*STORED, *STOPPED, *OPENED),
    "spending": ("writes", "budget", "credits"),
    "circuit_breaker": OPENED,
    "pauses": STOPPED,
    "feedback": STOPPED,
    "admission": (*STOPPED, "budget"),
    "timetable": ("rate limit", "writes"),
    "calls": OPENED,
    "waves": ("deaths", "odd texts", *STOPPED, *OPENED),
    "outcomes": ("storage", *STORED),
    "ingest": ("queue", "rivals"),
    "queue": ("queue",),
    "worklist": ("queue", "rivals", "deaths"),
    "transactions": ("odd texts", "storage", "rivals"),
    "": STORED,
}
"""The focuses of a mutant's seeds, by a part of its module or of its text. The first one counts."""

JOB_FOCUSES: dict[str, tuple[str, ...]] = {
    "wait for new conversations": ("backlog",),
    "its own jobs wait": ("backlog",),
    "the whole budget": ("job budget",),
    "any revision of an insight": ("changed",),
    "no outcome of its job": ("twice",),
    "fail": ("twice",),
    "cancel": ("restarts",),
    "a late": ("restarts",),
    "sent its messages once": ("dropped",),
    "has changed": ("steps",),
    "counts twice": ("steps",),
    REMAP: ("mapped",),
    JOB: (JOBS,),
}
"""The same for mutants that only seeds with jobs can detect. Their focuses are those of jobs."""


def seeds_for(mutant: Mutant, before: int, most: int) -> list[int]:
    """Return the seeds of a mutant in order, without those ``before``.

    Every second seed has a focus that is what the module is for, and all seeds have jobs if only
    those can detect the mutant.
    """
    focuses = focuses_of(mutant)
    pairs = zip_longest(_focused(focuses, most), _others(mutant, focuses, most))
    in_order = dict.fromkeys(seed for seed in chain.from_iterable(pairs) if seed is not None)
    return list(islice(in_order, before, most))


def focuses_of(mutant: Mutant) -> tuple[str, ...]:
    """Return the focuses of a mutant's seeds."""
    name = f"{mutant.module} {mutant.source}"
    table = JOB_FOCUSES if mutant.source.startswith((JOB, REMAP)) else FOCUSES
    return next(names for part, names in table.items() if part in name)


def _others(mutant: Mutant, focuses: Sequence[str], most: int) -> Sequence[int]:
    """Return the first seeds that can detect a mutant, whatever their focus."""
    from tests.simulation.jobs import seeds_with_jobs, seeds_with_remaps

    if mutant.source.startswith(JOB):
        return seeds_with_jobs(most)
    if mutant.source.startswith(REMAP):
        return seeds_with_remaps(most)
    return () if JOBS in focuses else range(most)


def _focused(focuses: Sequence[str], most: int) -> list[int]:
    """Return the first seeds that have one of these focuses, and jobs if these are among them."""
    from tests.simulation import job_focus
    from tests.simulation.focus import focus_of, seeds_of
    from tests.simulation.jobs import has_jobs, seeds_with_jobs

    if any(one in job_focus.JOB_FOCI for one in focuses):
        return job_focus.seeds_of(focuses, most)
    names = [one for one in focuses if one != JOBS]
    if JOBS not in focuses:
        return seeds_of(names, most)
    if not names:
        return seeds_with_jobs(most)
    found = (seed for seed in range(1_000_000) if focus_of(seed) in names and has_jobs(seed))
    return list(islice(found, most))
