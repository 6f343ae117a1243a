"""Reads the profile of a run from a file."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from grok_insights.domain.profile import BUILT_IN, Profile
from grok_insights.validation import faults_of
from scripts.evaluate.labelled import BadData


def load_profile(path: Path | None) -> Profile:
    """Return the profile in a JSON file, or the built-in one without a file.

    Raises
    ------
    BadData
        The file cannot be read, or the profile is not valid.
    """
    if path is None:
        return BUILT_IN
    try:
        return Profile.model_validate({"version": 1, **json.loads(path.read_text("utf-8"))})
    except (OSError, UnicodeDecodeError, TypeError, json.JSONDecodeError) as error:
        raise BadData(f"{path} cannot be read as JSON: {error}") from None
    except ValidationError as error:
        faults = "; ".join(f"{it.location}: {it.message}" for it in faults_of(error.errors()))
        raise BadData(f"{path} is not a profile: {faults}") from None
