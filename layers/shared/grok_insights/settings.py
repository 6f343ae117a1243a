"""The settings: environment variables, checked together. Nothing else reads the environment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from grok_insights.domain.conversation import DEFAULT_MAX_TEXT_CHARS
from grok_insights.errors import Fault, SettingsError
from grok_insights.validation import PARAMETER_NAME, URL, Model, WholeNumber, faults_of

MAX_PROMPT_BYTES: Final = 1_600
"""Longest ``GROK_SYSTEM_PROMPT``, measured as Lambda measures variables: UTF-8 bytes of the JSON
text, in which a line break or a quotation mark takes two. All variables of a function together may
have 4,096 bytes, and the others take up to 2,300 (tests/infrastructure/test_environment.py)."""

MAX_ORIGINS_CHARS: Final = 1_000
_ORIGINS: Final = re.compile(r"\*|https?://[^\s/,]+(, ?https?://[^\s/,]+)*")

BATCH_OVERHEAD_SECONDS: Final = 3
"""Time of a batch that calls cannot use: about a second to read it, and two to save it."""


def _split(text: object) -> object:
    if not isinstance(text, str):
        return text
    if len(text) > MAX_ORIGINS_CHARS:
        raise ValueError(f"must have at most {MAX_ORIGINS_CHARS} characters")
    if not _ORIGINS.fullmatch(text):
        raise ValueError("must be * or origins like https://app.example, with commas between them")
    return text.replace(" ", "").split(",")


def _short_enough(prompt: str) -> str:
    measured = len(json.dumps(prompt, ensure_ascii=False).encode()) - len('""')
    if measured > MAX_PROMPT_BYTES:
        raise ValueError(
            f"must have at most {MAX_PROMPT_BYTES} bytes in UTF-8, where a line break or a"
            f" quotation mark counts as two, and has {measured}"
        )
    return prompt


SystemPrompt = Annotated[str, AfterValidator(_short_enough)]
PositiveCount = Annotated[WholeNumber, Field(ge=1)]
Money = Annotated[Decimal, Field(ge=0)]
Origins = Annotated[tuple[str, ...], BeforeValidator(_split)]
"""``https://app.example,https://other.example``: what browsers send as ``Origin``."""


class GrokMode(StrEnum):
    """Who analyses: heuristics at no cost, or xAI's Grok."""

    MOCK = "mock"
    REAL = "real"


class Settings(Model):
    """Everything that can be set. A setting's variable has its name in upper case.

    Amounts of time are in seconds, money is in USD, ``0`` means no limit where it says so.
    """

    model_config = ConfigDict(extra="ignore", alias_generator=str.upper, allow_inf_nan=False)

    # Names and addresses of resources, which the template sets.
    conversations_table: str
    insights_table: str
    versions_table: str
    trends_table: str
    state_table: str
    analysis_queue_url: str
    dead_letter_queue_url: str
    index_shards: PositiveCount = Field(4, le=32)
    cursor_key: str = Field(repr=False)
    api_key_id: str = ""
    event_bus: str = ""
    events_dead_letter_queue_url: str = ""
    webhook_dead_letter_queue_url: str = ""
    jobs_table: str = ""
    files_bucket: str = ""
    upload_origin: str = ""
    analysis_function: str = ""
    import_state_machine: str = ""
    rework_state_machine: str = ""

    # Grok
    grok_mode: GrokMode = GrokMode.MOCK
    grok_api_key: str = Field("", repr=False)
    grok_api_key_parameter: str = Field("", max_length=100, pattern=PARAMETER_NAME)
    grok_model: str = Field("grok-4.20-non-reasoning", max_length=64)
    grok_api_base_url: str = Field("https://api.x.ai/v1", max_length=100, pattern=URL)
    grok_timeout_seconds: float = Field(30, ge=1, le=600)
    grok_cost_per_1k: Money = Field(Decimal("0.002"), le=1_000)
    grok_system_prompt: SystemPrompt = ""
    grok_mock_max_latency_seconds: float = Field(0.9, ge=0, le=60)
    grok_max_requests_per_second: float = Field(37, ge=0.1, le=10_000)
    redact_pii: bool = False
    daily_budget_usd: Money = Field(Decimal(0), le=1_000_000)

    # Analysis
    analysis_timeout_seconds: PositiveCount = Field(120, ge=5, le=900)
    min_batch_size: PositiveCount = Field(5, le=50)
    max_batch_size: PositiveCount = Field(50, le=50)
    max_queue_depth: PositiveCount = Field(100_000, le=100_000_000)
    max_attempts: PositiveCount = Field(5, le=100)
    circuit_breaker_failure_threshold: PositiveCount = Field(5, le=1_000)
    circuit_breaker_recovery_seconds: PositiveCount = Field(10, le=3_600)
    credits_retry_seconds: PositiveCount = Field(300, le=86_400)

    # API
    cors_allowed_origins: Origins = ()
    rate_limit_requests: PositiveCount = Field(60, le=1_000_000_000)
    rate_limit_window_seconds: PositiveCount = Field(60, le=86_400)
    max_text_chars: PositiveCount = Field(DEFAULT_MAX_TEXT_CHARS, le=350_000)
    retention_days: PositiveCount = Field(90, ge=15, le=3_650)
    """At least 15, since SQS keeps a message for up to 14 days and needs its conversation."""

    @model_validator(mode="after")
    def _batch_sizes_are_in_order(self) -> Self:
        if self.min_batch_size > self.max_batch_size:
            raise ValueError("MIN_BATCH_SIZE must not be above MAX_BATCH_SIZE")
        return self

    @model_validator(mode="after")
    def _there_is_time_for_a_call(self) -> Self:
        name, longest_seconds = (
            ("GROK_TIMEOUT_SECONDS", self.grok_timeout_seconds)
            if self.grok_mode is GrokMode.REAL
            else ("GROK_MOCK_MAX_LATENCY_SECONDS", self.grok_mock_max_latency_seconds)
        )
        if self.analysis_timeout_seconds < longest_seconds + BATCH_OVERHEAD_SECONDS:
            raise ValueError(
                f"ANALYSIS_TIMEOUT_SECONDS must be at least {BATCH_OVERHEAD_SECONDS} more than"
                f" {name}, or no call could end before the function does"
            )
        return self

    @property
    def crowded_queue_depth(self) -> int:
        """If more messages wait, each function makes fewer calls concurrently."""
        return max(1, self.max_queue_depth // 10)

    @property
    def lacks_grok_api_key(self) -> bool:
        """Whether the mode is real and no API key is set."""
        has_key = bool(self.grok_api_key or self.grok_api_key_parameter)
        return self.grok_mode is GrokMode.REAL and not has_key

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Return the settings of an environment. An empty variable counts as not set.

        Raises
        ------
        SettingsError
            Variables are missing or wrong; the message names all of them, and no value.
        """
        given = {name: value for name, value in environment.items() if value != ""}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            faults = map(_sentence, faults_of(error.errors(), most=None))
            raise SettingsError("the settings are not valid: " + "; ".join(faults)) from None


def _sentence(fault: Fault) -> str:
    return f"{fault.location}: {fault.message}" if fault.location else fault.message
