"""The settings: environment variables, checked together. Nothing else reads the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self

from pydantic_core import ValidationError
from pydantic_core import core_schema as core

from grok_insights.checked import Check, Checked, check, one_of
from grok_insights.errors import SettingsError


def _integer(*, ge: int = 1, le: int | None = None) -> dict[str, Any]:
    return check(core.int_schema(ge=ge, le=le))


def _number(
    *, ge: float | None = None, gt: float | None = None, le: float | None = None
) -> dict[str, Any]:
    return check(core.float_schema(ge=ge, gt=gt, le=le))


MONEY: Final = check(core.decimal_schema(ge=Decimal(0)))
URL: Final = check(core.str_schema(pattern=r"^https?://[^\s/]+\S*$"))

ORIGIN: Final[Check] = core.str_schema(pattern=r"^(\*|https?://[^\s/,]+)$")
ORIGINS: Final = check(
    core.no_info_before_validator_function(
        lambda text: text.replace(" ", "").split(","),
        core.tuple_schema([ORIGIN], variadic_item_index=0),
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

    Amounts of time are in seconds, money is in USD, ``0`` means no limit where it says so.
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
    grok_api_key_parameter: str = ""
    grok_model: str = "grok-4.20-non-reasoning"
    grok_api_base_url: str = field(default="https://api.x.ai/v1", metadata=URL)
    grok_timeout_seconds: float = field(default=30, metadata=_number(gt=0, le=600))
    grok_cost_per_1k: Decimal = field(default=Decimal("0.002"), metadata=MONEY)
    grok_system_prompt: str = ""
    grok_mock_max_latency_seconds: float = field(default=0.9, metadata=_number(ge=0, le=60))
    grok_max_requests_per_second: float = field(default=37, metadata=_number(gt=0))
    redact_pii: bool = field(default=False, metadata=check(core.bool_schema()))
    daily_budget_usd: Decimal = field(default=Decimal(0), metadata=MONEY)

    # Flow
    min_batch_size: int = field(default=5, metadata=_integer(le=50))
    max_batch_size: int = field(default=50, metadata=_integer(le=50))
    max_queue_depth: int = field(default=100_000, metadata=_integer())
    max_attempts: int = field(default=5, metadata=_integer(le=100))
    circuit_breaker_failure_threshold: int = field(default=5, metadata=_integer())
    circuit_breaker_recovery_seconds: int = field(default=10, metadata=_integer())
    credits_retry_seconds: int = field(default=300, metadata=_integer())

    # HttpHandler
    cors_allowed_origins: tuple[str, ...] = field(default=(), metadata=ORIGINS)
    rate_limit_requests: int = field(default=60, metadata=_integer())
    rate_limit_window_seconds: int = field(default=60, metadata=_integer(le=86_400))
    max_text_chars: int = field(default=100_000, metadata=_integer(le=350_000))
    retention_days: int = field(default=90, metadata=_integer(le=3_650))

    def __post_init__(self) -> None:
        if self.min_batch_size > self.max_batch_size:
            raise ValueError("MIN_BATCH_SIZE must not be above MAX_BATCH_SIZE")

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
        ": ".join([*map(str, fault["loc"]), fault["msg"]])
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return "the settings are not valid: " + "; ".join(faults)
