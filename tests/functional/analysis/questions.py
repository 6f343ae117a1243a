"""A profile with closed topics, quotes and a field of each of four kinds."""

from __future__ import annotations

from typing import Any, Final

QUESTIONS: Final[dict[str, Any]] = {
    "topics": {
        "mode": "closed",
        "labels": [{"name": "refund", "aliases": ["money_back"]}, {"name": "delivery"}],
    },
    "fields": [
        {"name": "resolved", "type": "boolean"},
        {"name": "churn_risk", "type": "enum", "values": ["low", "high"]},
        {"name": "effort", "type": "integer", "minimum": 1, "maximum": 5},
        {"name": "competitor", "type": "text", "max_length": 80},
    ],
    "quotes": True,
}
