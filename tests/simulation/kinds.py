"""The kinds of jobs on stored insights that the simulation starts."""

from __future__ import annotations

REANALYSIS, REMAP = "reanalysis", "remap"
