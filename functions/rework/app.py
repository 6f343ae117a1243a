"""The rework function: each call by the state machine is one step of a job on stored insights."""

from __future__ import annotations

from grok_insights.startup import ready

# isort: split
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from grok_insights import wiring
from grok_insights.jobs.steps import Result, run_step
from grok_insights.telemetry import logger

if TYPE_CHECKING:
    from grok_insights.jobs.rework.steps import ReworkSteps

app: ReworkSteps = wiring.rework_steps(wiring.parts())

ready()


@logger.inject_lambda_context
def handler(event: Mapping[str, Any], context: Any) -> Result:
    """Run one step, and return the next state."""
    return run_step(app, event, context)
