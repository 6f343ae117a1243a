"""Wrong values are found before a deployment, and named as the user wrote them."""

from __future__ import annotations

import pytest

from scripts.settings_check import faults, lacks_grok_api_key
from scripts.template import read_template
from tests.template import PATH

TEMPLATE = read_template(PATH)
SPELLED = {"DailyBudgetUsd": "DAILY_BUDGET_USD", "QueueFlushTimeoutSeconds": "FLUSH"}


def test_the_defaults_are_valid() -> None:
    assert faults(TEMPLATE, TEMPLATE.defaults, {}) == ""


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("DailyBudgetUsd", "-1"),
        ("GrokTimeoutSeconds", "-5"),
        ("GrokApiBaseUrl", "notaurl"),
        ("GrokMode", "fake"),
        ("MaxAttempts", "many"),
        ("MinBatchSize", "51"),
        ("QueueFlushTimeoutSeconds", "301"),
        ("LogLevel", "LOUD"),
        ("PythonRuntime", "python3.9"),
        ("AlarmEmail", "nobody"),
    ],
)
def test_a_wrong_value_is_named_once_as_the_parameter(parameter: str, value: str) -> None:
    found = faults(TEMPLATE, {parameter: value}, {})

    assert found.startswith("The settings are not valid: ")
    assert found.count(parameter) == 1
    assert found.endswith(".")
    assert "\n" not in found


def test_all_faults_are_in_one_sentence_and_named_as_the_user_wrote_them() -> None:
    wrong = {"DailyBudgetUsd": "-1", "QueueFlushTimeoutSeconds": "301"}

    found = faults(TEMPLATE, wrong, SPELLED)

    assert "DAILY_BUDGET_USD: " in found
    assert "; FLUSH: must be at most 300." in found
    assert "DailyBudgetUsd" not in found


def test_what_two_settings_must_be_together_is_checked() -> None:
    wrong = {"MinBatchSize": "9", "MaxBatchSize": "3"}

    found = faults(TEMPLATE, wrong, {"MinBatchSize": "MIN_BATCH_SIZE"})

    assert "MIN_BATCH_SIZE must not be above MaxBatchSize" in found


@pytest.mark.parametrize(
    ("values", "lacks"),
    [
        ({}, False),
        ({"GrokMode": "real"}, True),
        ({"GrokMode": "real", "GrokApiKeyParameter": "/key"}, False),
    ],
)
def test_real_mode_needs_a_key(values: dict[str, str], lacks: bool) -> None:
    assert lacks_grok_api_key(TEMPLATE, values) is lacks
