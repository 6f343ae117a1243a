"""Makes the analyzer of a run: the mock, or real Grok with the key of the environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Final

from grok_insights import wiring
from grok_insights.domain import pricing
from grok_insights.domain.profile import Profile
from grok_insights.errors import SettingsError
from grok_insights.flow.budget import estimated_cost
from grok_insights.grok.analyzer import Analyzer
from grok_insights.grok.request import RequestForm
from grok_insights.settings import GrokMode, Settings
from scripts.evaluate.labelled import Labelled

UNUSED: Final = {
    "CONVERSATIONS_TABLE": "unused",
    "INSIGHTS_TABLE": "unused",
    "VERSIONS_TABLE": "unused",
    "TRENDS_TABLE": "unused",
    "STATE_TABLE": "unused",
    "ANALYSIS_QUEUE_URL": "unused",
    "DEAD_LETTER_QUEUE_URL": "unused",
    "CURSOR_KEY": "unused",
}
"""The settings of AWS resources, which an evaluation does not use."""


def settings_of(environment: Mapping[str, str], model: str | None) -> Settings:
    """Return the settings of ``GROK_*`` variables. The mock answers without latency.

    Raises
    ------
    SettingsError
        Variables are not valid, the key is missing, or a model is named for the mock.
    """
    chosen = {"GROK_MODEL": model} if model else {}
    settings = Settings.from_env(
        {"GROK_MOCK_MAX_LATENCY_SECONDS": "0", **environment, **UNUSED, **chosen}
    )
    if settings.lacks_grok_api_key:
        raise SettingsError("GROK_MODE is real and there is no key: set GROK_API_KEY")
    if model and settings.grok_mode is GrokMode.MOCK:
        raise SettingsError("MODEL names a model of Grok: set GROK_MODE=real and GROK_API_KEY")
    return settings


@contextmanager
def analyzer_of(settings: Settings) -> Iterator[Analyzer]:
    """Yield the analyzer as the product makes it, with redaction if that is set."""
    if settings.grok_mode is GrokMode.MOCK:
        yield wiring.with_redaction(wiring.grok(settings), settings)
        return
    grok = wiring.real_grok(settings)
    with grok.client:
        yield wiring.with_redaction(grok, settings)


def estimated_usd(
    conversations: Iterable[Labelled], profile: Profile, repeats: int, settings: Settings
) -> Decimal:
    """Return the estimated cost of a run in USD, by the length of conversations and prompt."""
    form = RequestForm(settings.grok_model, settings.grok_system_prompt)
    price, overhead = settings.grok_cost_per_1k, form.overhead_tokens(profile)
    ticks = sum(estimated_cost(it.transcript, price, overhead).ticks for it in conversations)
    return pricing.usd(ticks * repeats)
