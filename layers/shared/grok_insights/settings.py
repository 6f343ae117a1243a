"""The settings: environment variables, checked together. Nothing else reads the environment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self

from pydantic_core import PydanticCustomError, ValidationError
from pydantic_core import core_schema as core

from grok_insights.checked import Checked, check, one_of
from grok_insights.errors import SettingsError

MAX_PROMPT_BYTES: Final = 1_600
"""Longest ``GROK_SYSTEM_PROMPT``, measured as Lambda measures variables: UTF-8 bytes of the JSON
text, in which a line break or a quotation mark takes two. All variables of a function together may
have 4,096 bytes, and the others take up to 2,300 (tests/infrastructure/test_environment.py)."""

BATCH_OVERHEAD_SECONDS: Final = 3
"""Time of a batch that is left for no call: about a second to read it, two to save it."""


def _integer(*, ge: int = 1, le: int) -> dict[str, Any]:
    return check(core.int_schema(ge=ge, le=le))


def _number(*, ge: float, le: float) -> dict[str, Any]:
    return check(core.float_schema(ge=ge, le=le))


def _money(*, le: int) -> dict[str, Any]:
    return check(core.decimal_schema(ge=Decimal(0), le=Decimal(le)))


def _text(*, max_length: int, pattern: str | None = None) -> dict[str, Any]:
    return check(core.str_schema(max_length=max_length, pattern=pattern))


def _short_enough(prompt: str) -> str:
    measured = len(json.dumps(prompt, ensure_ascii=False).encode()) - len('""')
    if measured > MAX_PROMPT_BYTES:
        raise PydanticCustomError(
            "prompt_too_long",
            "should have at most {allowed} bytes in UTF-8, where a line break or a quotation mark"
            " counts as two, and has {measured}",
            {"allowed": MAX_PROMPT_BYTES, "measured": measured},
        )
    return prompt


PROMPT: Final = check(core.no_info_after_validator_function(_short_enough, core.str_schema()))

ORIGINS: Final = check(
    core.no_info_after_validator_function(
        lambda text: tuple(text.replace(" ", "").split(",")),
        core.str_schema(
            max_length=1_000, pattern=r"^(\*|https?://[^\s/,]+(, ?https?://[^\s/,]+)*)$"
        ),
    )
)
"""``https://app.example,https://other.example``: what browsers send as ``Origin``."""


class GrokMode(StrEnum):
    """Who analyses: heuristics at no cost, or xAI's Grok."""

    MOCK = "mock"
    REAL = "real"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set, with the name of its variable in lower case.

    Amounts of time are in seconds, money is in USD, ``0`` means no limit where it says so. The
    bounds are those of the parameters in ``template.yaml``.
    """

    # Where things are: set by the template, never by hand.
    conversations_table: str
    insights_table: str
    trends_table: str
    state_table: str
    analysis_queue_url: str
    dead_letter_queue_url: str
    index_shards: int = field(default=4, metadata=_integer(le=32))
    cursor_key: str = field(repr=False)
    api_key_id: str = ""

    # Grok
    grok_mode: GrokMode = field(default=GrokMode.MOCK, metadata=check(one_of(GrokMode)))
    grok_api_key: str = field(default="", repr=False)
    grok_api_key_parameter: str = field(
        default="", metadata=_text(max_length=100, pattern=r"^/[a-zA-Z0-9_./-]+$")
    )
    grok_model: str = field(default="grok-4.20-non-reasoning", metadata=_text(max_length=64))
    grok_api_base_url: str = field(
        default="https://api.x.ai/v1",
        metadata=_text(max_length=100, pattern=r"^https?://[^\s/]+\S*$"),
    )
    grok_timeout_seconds: float = field(default=30, metadata=_number(ge=1, le=600))
    grok_cost_per_1k: Decimal = field(default=Decimal("0.002"), metadata=_money(le=1_000))
    grok_system_prompt: str = field(default="", metadata=PROMPT)
    grok_mock_max_latency_seconds: float = field(default=0.9, metadata=_number(ge=0, le=60))
    grok_max_requests_per_second: float = field(default=37, metadata=_number(ge=0.1, le=10_000))
    redact_pii: bool = field(default=False, metadata=check(core.bool_schema()))
    daily_budget_usd: Decimal = field(default=Decimal(0), metadata=_money(le=1_000_000))

    # Analysis
    analysis_timeout_seconds: int = field(default=120, metadata=_integer(ge=5, le=900))
    min_batch_size: int = field(default=5, metadata=_integer(le=50))
    max_batch_size: int = field(default=50, metadata=_integer(le=50))
    max_queue_depth: int = field(default=100_000, metadata=_integer(le=100_000_000))
    max_attempts: int = field(default=5, metadata=_integer(le=100))
    circuit_breaker_failure_threshold: int = field(default=5, metadata=_integer(le=1_000))
    circuit_breaker_recovery_seconds: int = field(default=10, metadata=_integer(le=3_600))
    credits_retry_seconds: int = field(default=300, metadata=_integer(le=86_400))

    # API
    cors_allowed_origins: tuple[str, ...] = field(default=(), metadata=ORIGINS)
    rate_limit_requests: int = field(default=60, metadata=_integer(le=1_000_000_000))
    rate_limit_window_seconds: int = field(default=60, metadata=_integer(le=86_400))
    max_text_chars: int = field(default=100_000, metadata=_integer(le=350_000))
    retention_days: int = field(default=90, metadata=_integer(ge=15, le=3_650))
    """SQS keeps a message for up to 14 days: its conversation must outlive it."""

    def __post_init__(self) -> None:
        if self.min_batch_size > self.max_batch_size:
            raise ValueError("MIN_BATCH_SIZE must not be above MAX_BATCH_SIZE")
        if self.grok_mode is GrokMode.REAL:
            self._require_time_for_a_call("GROK_TIMEOUT_SECONDS", self.grok_timeout_seconds)
        else:
            latency_seconds = self.grok_mock_max_latency_seconds
            self._require_time_for_a_call("GROK_MOCK_MAX_LATENCY_SECONDS", latency_seconds)

    def _require_time_for_a_call(self, name: str, longest_seconds: float) -> None:
        if self.analysis_timeout_seconds < longest_seconds + BATCH_OVERHEAD_SECONDS:
            raise ValueError(
                f"ANALYSIS_TIMEOUT_SECONDS must be at least {BATCH_OVERHEAD_SECONDS} more than"
                f" {name}, or no call could end before the function does"
            )

    @property
    def crowded_queue_depth(self) -> int:
        """Messages that wait, beyond which each function makes fewer calls side by side."""
        return max(1, self.max_queue_depth // 10)

    @property
    def lacks_grok_api_key(self) -> bool:
        """Whether Grok is to be asked for real, and no key is given in any way."""
        has_key = bool(self.grok_api_key or self.grok_api_key_parameter)
        return self.grok_mode is GrokMode.REAL and not has_key

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """The settings of an environment. An empty variable counts as not set.

        Raises
        ------
        SettingsError
            Variables are missing or wrong; the message names all of them, and no value.
        """
        given = {name: value for name, value in environment.items() if value != ""}
        try:
            return Checked(cls, names=str.upper, others="ignore").read(given)
        except ValidationError as error:
            raise SettingsError(_every_fault(error)) from None


def _every_fault(error: ValidationError) -> str:
    faults = [
        ": ".join([*map(str, fault["loc"]), fault["msg"].removeprefix("Value error, ")])
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return "the settings are not valid: " + "; ".join(faults)
