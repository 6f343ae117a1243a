"""Where the labelled conversations that come with the product are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

GOLDEN_FOLDER: Final = Path(__file__).parents[2] / "tests" / "evaluation"
GOLDEN_DATA: Final = GOLDEN_FOLDER / "golden.jsonl"
GOLDEN_PROFILE: Final = GOLDEN_FOLDER / "profile.json"
"""The profile that asks for the topics and fields of these labels."""
