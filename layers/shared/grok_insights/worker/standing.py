"""How the worker stands, for the health check: by the same rules that stop its calls."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from grok_insights.domain import timestamps
from grok_insights.flow.brakes import CircuitState, Limits, Reason, Shared, stop_of


def standing(shared: Shared, limits: Limits, now: datetime) -> dict[str, Any]:
    """``running``, or ``paused`` with the reason, since when and until when, as far as known."""
    stop = stop_of(shared, limits, now)
    if stop is None:
        return {"state": "running"}
    found = {"state": "paused", "reason": str(stop.reason)}
    if stop.detail:
        found["detail"] = stop.detail
    if stop.since is not None:
        found["since"] = timestamps.to_text(stop.since)
    if stop.reason is not Reason.OPERATOR:
        found["until"] = timestamps.to_text(now + timedelta(seconds=stop.seconds))
    return found


def circuit_of(shared: Shared, limits: Limits, now: datetime) -> str:
    """``closed``, ``open``, or ``half_open`` where the next call probes, or one does already."""
    if shared.circuit.state is not CircuitState.OPEN:
        return shared.circuit.state.lower()
    rests = shared.circuit.opens_for_seconds(limits.recovery_seconds, now.timestamp()) > 0
    return "open" if rests else "half_open"
