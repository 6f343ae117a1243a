"""A seed for each fault that the simulation has found in the code, with its description."""

from __future__ import annotations

# A change of the scenarios or of the product changes what a seed does. With 28, 176 and 194 the
# mutants in which the mends are taken out were detected on 2026-11-29.
REGRESSIONS: dict[int, str] = {
    3: "a claim of starting times that was answered late let its whole wave start at once",
    28: "a conversation and its insight expired separately",
    194: "the mark of a deletion was compared by time: POST, POST, DELETE of one id never ended",
    161: "a lost response raised in the place that was to contain it: paid answers were dropped",
    176: "a save that failed was paid for again and again",
    16: "a reservation stayed in the day's spending if a later step of the admission failed",
    31: "the first step of a job ran twice at once: its execution ended, and the job ran for ever",
    80: "a cancellation that ended half-way was confirmed again, and left the messages of the job",
    121: "a late cancellation closed the next run of a job, whose messages were sent for ever",
    213: "an overdue probe was taken up by its owner and by another function at the same time",
}
