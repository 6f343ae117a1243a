"""The settings: environment variables, checked together. Nothing else reads the environment."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from grok_insights.domain.conversation import DEFAULT_MAX_TEXT_CHARS
from grok_insights.errors import Fault, SettingsError
from grok_insights.validation import ORIGIN, URL, Model, WholeNumber, faults_of


def _split(text: object) -> object:
    return text.replace(" ", "").split(",") if isinstance(text, str) else text


Count = Annotated[WholeNumber, Field(ge=1)]
Money = Annotated[Decimal, Field(ge=0)]
Origins = Annotated[tuple[Annotated[str, Field(pattern=ORIGIN)], ...], BeforeValidator(_split)]
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

    # Where things are: set by the template, never by hand.
    conversations_table: str
    insights_table: str
    trends_table: str
    state_table: str
    analysis_queue_url: str
    dead_letter_queue_url: str
    index_shards: Count = Field(4, le=32)
    cursor_key: str = Field(repr=False)
    api_key_id: str = ""

    # Grok
    grok_mode: GrokMode = GrokMode.MOCK
    grok_api_key: str = Field("", repr=False)
    grok_api_key_parameter: str = ""
    grok_model: str = "grok-4.20-non-reasoning"
    grok_api_base_url: str = Field("https://api.x.ai/v1", pattern=URL)
    grok_timeout_seconds: float = Field(30, gt=0, le=600)
    grok_cost_per_1k: Money = Decimal("0.002")
    grok_system_prompt: str = ""
    grok_mock_max_latency_seconds: float = Field(0.9, ge=0, le=60)
    grok_max_requests_per_second: float = Field(37, gt=0)
    redact_pii: bool = False
    daily_budget_usd: Money = Decimal(0)

    # Flow
    min_batch_size: Count = Field(5, le=50)
    max_batch_size: Count = Field(50, le=50)
    max_queue_depth: Count = 100_000
    max_attempts: Count = Field(5, le=100)
    circuit_breaker_failure_threshold: Count = 5
    circuit_breaker_recovery_seconds: Count = 10
    credits_retry_seconds: Count = 300

    # HTTP
    cors_allowed_origins: Origins = ()
    rate_limit_requests: Count = 60
    rate_limit_window_seconds: Count = Field(60, le=86_400)
    max_text_chars: Count = Field(DEFAULT_MAX_TEXT_CHARS, le=350_000)
    retention_days: Count = Field(90, le=3_650)

    @model_validator(mode="after")
    def _batch_sizes_are_in_order(self) -> Self:
        if self.min_batch_size > self.max_batch_size:
            raise ValueError("MIN_BATCH_SIZE must not be above MAX_BATCH_SIZE")
        return self

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
            return cls.model_validate(given)
        except ValidationError as error:
            faults = map(_sentence, faults_of(error.errors(), most=None))
            raise SettingsError("the settings are not valid: " + "; ".join(faults)) from None


def _sentence(fault: Fault) -> str:
    return f"{fault.location}: {fault.message}" if fault.location else fault.message
