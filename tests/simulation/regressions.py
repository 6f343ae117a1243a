"""A seed for each fault that the simulation has found in the code, with its description."""

from __future__ import annotations

REGRESSIONS: dict[int, str] = {
    3: "a claim of starting times that was answered late let its whole wave start at once",
    7: "a conversation and its insight expired separately",
    22: "the mark of a deletion was compared by time: POST, POST, DELETE of one id waited for ever",
    161: "a lost response raised in the place that was to contain it: paid answers were dropped",
    57: "a save that failed was paid for again and again",
}
