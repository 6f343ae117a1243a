"""What an unexpected error may cost: the step that it happened in, and nothing beside it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grok_insights.aws.failures import response_of
from grok_insights.telemetry import logger


@contextmanager
def contained(consequence: str) -> Iterator[None]:
    """Log an error of a step, of AWS or an unexpected one, and let the batch go on without it."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a fault of one step must not lose paid answers
        logger.error(consequence, error=description(error))


def description(error: Exception) -> str:
    """Return an error's class, AWS's code and the place, without its message.

    A message may quote what was being read: a conversation or an answer.
    """
    code = response_of(error).get("Error", {}).get("Code", "")
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
    return " ".join(filter(None, [type(error).__name__, code, f"at {place}"]))
