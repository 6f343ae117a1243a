"""Limits an unexpected error to the step in which it happens."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grok_insights.aws.failures import response_of
from grok_insights.telemetry import logger


@contextmanager
def contained(consequence: str) -> Iterator[None]:
    """Log any error of a step, and continue the batch without that step.

    ``consequence`` is the log message: what is missing without the step.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - an error of one step must not lose paid answers
        logger.error(consequence, error=description(error))


def description(error: Exception) -> str:
    """Return an error's class, AWS error code and place in the code, without its message.

    A message may quote a conversation or an answer.
    """
    code = response_of(error).get("Error", {}).get("Code", "")
    frames = traceback.extract_tb(error.__traceback__)
    place = (
        f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    )
    return " ".join(filter(None, [type(error).__name__, code, f"at {place}"]))
