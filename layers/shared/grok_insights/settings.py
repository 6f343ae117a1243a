"""The settings: environment variables, checked together. Nothing else reads the environment."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from grok_insights.errors import SettingsError

Origin = Annotated[str, Field(pattern=r"^(\*|https?://[^\s/,]+)$")]
Origins = Annotated[
    tuple[Origin, ...], BeforeValidator(lambda text: text.replace(" ", "").split(","))
]
"""``https://app.example,https://other.example``: what browsers send as ``Origin``."""

Positive = Annotated[int, Field(ge=1)]


class GrokMode(StrEnum):
    """Who analyses: heuristics at no cost, or xAI's Grok."""

    MOCK = "mock"
    REAL = "real"


class Settings(BaseModel):
    """Everything that can be set, with the name of its variable in lower case.

    Amounts of time are in seconds, money is in USD, ``0`` means no limit where it says so.
    """

    model_config = ConfigDict(
        alias_generator=str.upper, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    # Where things are: set by the template, never by hand.
    conversations_table: str
    insights_table: str
    trends_table: str
    state_table: str
    analysis_queue_url: str
    dead_letter_queue_url: str
    index_shards: Annotated[int, Field(ge=1, le=32)] = 4
    cursor_key: SecretStr
    api_key_id: str = ""

    # Grok
    grok_mode: GrokMode = GrokMode.MOCK
    grok_api_key: SecretStr = SecretStr("")
    grok_api_key_parameter: str = ""
    grok_model: str = "grok-4.20-non-reasoning"
    grok_api_base_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+\S*$")] = (
        "https://api.x.ai/v1"
    )
    grok_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30
    grok_cost_per_1k: Annotated[Decimal, Field(ge=0)] = Decimal("0.002")
    grok_system_prompt: str = ""
    grok_mock_max_latency_seconds: Annotated[float, Field(ge=0, le=60)] = 0.9
    grok_max_requests_per_second: Annotated[float, Field(gt=0)] = 37
    redact_pii: bool = False
    daily_budget_usd: Annotated[Decimal, Field(ge=0)] = Decimal(0)

    # Flow
    min_batch_size: Annotated[int, Field(ge=1, le=50)] = 5
    max_batch_size: Annotated[int, Field(ge=1, le=50)] = 50
    max_queue_depth: Positive = 100_000
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 5
    circuit_breaker_failure_threshold: Positive = 5
    circuit_breaker_recovery_seconds: Positive = 10
    credits_retry_seconds: Positive = 300

    # Door
    cors_allowed_origins: Origins = ()
    rate_limit_requests: Positive = 60
    rate_limit_window_seconds: Annotated[int, Field(ge=1, le=86_400)] = 60
    max_text_chars: Annotated[int, Field(ge=1, le=350_000)] = 100_000
    retention_days: Annotated[int, Field(ge=1, le=3_650)] = 90

    @property
    def crowded_queue_depth(self) -> int:
        """Messages that wait, beyond which each function makes fewer calls side by side."""
        return max(1, self.max_queue_depth // 10)

    @property
    def lacks_grok_api_key(self) -> bool:
        """Whether Grok is to be asked for real, and no key is given in any way."""
        has_key = bool(self.grok_api_key.get_secret_value() or self.grok_api_key_parameter)
        return self.grok_mode is GrokMode.REAL and not has_key

    @model_validator(mode="after")
    def _sizes_are_in_order(self) -> Self:
        if self.min_batch_size > self.max_batch_size:
            raise ValueError("MIN_BATCH_SIZE must not be above MAX_BATCH_SIZE")
        return self

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
            raise SettingsError(_every_fault(error)) from None


def _every_fault(error: ValidationError) -> str:
    faults = [
        ": ".join([*map(str, fault["loc"]), fault["msg"]])
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return "the settings are not valid: " + "; ".join(faults)
