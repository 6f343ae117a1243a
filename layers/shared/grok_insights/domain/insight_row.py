"""An insight as the cells of a CSV file. A spreadsheet takes none of them for a formula. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from unicodedata import normalize

COLUMNS: Final = (
    "id",
    "external_id",
    "occurred_at",
    "created_at",
    "status",
    "sentiment",
    "topics",
    "fields",
    "segments",
    "quotes",
    "summary",
    "tokens_used",
    "estimated_cost",
    "processing_time_ms",
    "grok_model",
    "attempts",
    "mock",
    "error_code",
    "error_message",
)
FORMULA: Final = ("=", "+", "-", "@")
"""A spreadsheet takes a cell that starts like this for a formula, and runs it. Full-width forms
count as well. Invisible characters in front of it do not prevent this.
https://owasp.org/www-community/attacks/CSV_Injection
"""


def row(insight: Mapping[str, Any]) -> list[str]:
    """Return the cells of an insight, as the API shows it, in the order of the columns."""
    flat = {
        **insight,
        "topics": ";".join(insight.get("topics", ())),
        "fields": as_json(insight.get("fields", {})),
        "segments": as_json(insight.get("segments", {})),
        "quotes": "\n".join(quote["text"] for quote in insight.get("quotes", ())),
        "attempts": insight["meta"]["attempts"],
        "mock": str(insight["meta"]["mock"]).lower(),
        "error_code": insight.get("error", {}).get("code"),
        "error_message": insight.get("error", {}).get("message"),
    }
    return [cell(flat.get(column)) for column in COLUMNS]


def as_json(values: Mapping[str, Any] | None) -> str:
    """Return names and values as JSON, since a text can contain any separator; empty if none."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")) if values else ""


def cell(value: Any) -> str:
    """Return a value as a cell. An apostrophe in front of it keeps it from being a formula."""
    shown = "" if value is None else str(value)
    return f"'{shown}" if _may_be_formula(shown) else shown


def _may_be_formula(shown: str) -> bool:
    if shown.startswith(("\t", "\r", "\n")):
        return True
    visible = next((one for one in shown if one.isprintable() and not one.isspace()), "")
    return normalize("NFKC", visible).startswith(FORMULA)
