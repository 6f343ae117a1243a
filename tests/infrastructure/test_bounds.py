"""The template's parameters have the bounds of the settings that they set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from grok_insights.errors import SettingsError
from grok_insights.settings import BATCH_OVERHEAD_SECONDS, Settings
from tests.builders import environment
from tests.template import template


def _key(name: str) -> str:
    return name.replace("_", "").lower()


PARAMETERS: dict[str, dict[str, Any]] = template()["Parameters"]
SETTINGS = {_key(name): name.upper() for name in Settings.model_fields}
TABLES = ("CONVERSATIONS", "INSIGHTS", "VERSIONS", "TRENDS", "STATE")
SETTING_OF = {name: SETTINGS[_key(name)] for name in PARAMETERS if _key(name) in SETTINGS}
NUMBERS = [name for name in SETTING_OF if PARAMETERS[name]["Type"] == "Number"]
TEXTS = [name for name in SETTING_OF if "MaxLength" in PARAMETERS[name]]
CHOICES = [name for name in SETTING_OF if "AllowedValues" in PARAMETERS[name]]
BEGINNINGS = {
    "GrokApiKeyParameter": "/",
    "GrokApiBaseUrl": "https://",
    "CorsAllowedOrigins": "https://",
}
SAMPLES = (
    "*",
    "/grok-insights/prod/key",
    "/a key",
    "https://app.example",
    "https://app.example/v1",
    "https://app.example,https://other.example",
    "https://app.example, https://other.example",
    "*,https://app.example",
    "https://app.example,",
    "https://",
    "ftp://app.example",
    "notaurl",
    "https://app.example/a b",
)


def is_accepted(setting: str, value: str) -> bool:
    """Whether a setting accepts a value, independent of other settings."""
    try:
        Settings.from_env(environment(**{setting: value}))
    except SettingsError as error:
        return f"{setting}: " not in str(error)
    return True


def limits(parameter: Mapping[str, Any]) -> tuple[float, float]:
    """Return the smallest and the largest value that a parameter accepts."""
    if "AllowedValues" in parameter:
        return min(parameter["AllowedValues"]), max(parameter["AllowedValues"])
    return parameter["MinValue"], parameter["MaxValue"]


def test_most_settings_are_parameters() -> None:
    assert len(SETTING_OF) > 20
    assert {"GrokMode", "RetentionDays", "AnalysisTimeoutSeconds", "IndexShards"} <= set(SETTING_OF)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_has_the_bounds_of_its_setting(name: str) -> None:
    least, most = limits(PARAMETERS[name])
    setting = SETTING_OF[name]
    assert is_accepted(setting, str(least))
    assert is_accepted(setting, str(most))
    step = 1 if isinstance(least, int) and least != 0 else 0.01
    assert not is_accepted(setting, str(round(least - step, 2)))
    assert not is_accepted(setting, str(most + 1))


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_has_the_length_of_its_setting(name: str) -> None:
    longest = BEGINNINGS.get(name, "").ljust(PARAMETERS[name]["MaxLength"], "a")
    assert is_accepted(SETTING_OF[name], longest)
    assert not is_accepted(SETTING_OF[name], longest + "a")


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_has_the_pattern_of_its_setting(name: str) -> None:
    pattern = PARAMETERS[name].get("AllowedPattern", "")
    for sample in SAMPLES:
        by_template = re.search(pattern, sample) is not None
        assert is_accepted(SETTING_OF[name], sample) == by_template, sample


@pytest.mark.parametrize("name", CHOICES)
def test_every_allowed_value_is_one_of_the_setting(name: str) -> None:
    allowed = [str(value) for value in PARAMETERS[name]["AllowedValues"]]
    assert [value for value in allowed if not is_accepted(SETTING_OF[name], value)] == []
    assert not is_accepted(SETTING_OF[name], "another")


@pytest.mark.parametrize("name", SETTING_OF)
def test_a_default_is_that_of_the_setting(name: str) -> None:
    bare = {name: value for name, value in environment().items() if name not in SETTINGS.values()}
    needed = dict.fromkeys(("CURSOR_KEY", "ANALYSIS_QUEUE_URL", "DEAD_LETTER_QUEUE_URL"), "x")
    tables = {f"{name}_TABLE": "x" for name in TABLES}
    default = str(PARAMETERS[name]["Default"])
    required = {**bare, **needed, **tables}
    assert Settings.from_env({**required, SETTING_OF[name]: default}) == Settings.from_env(required)


@pytest.mark.parametrize(
    "name", [name for name, one in PARAMETERS.items() if one["Type"] == "Number"]
)
def test_every_number_is_bounded_on_both_sides(name: str) -> None:
    least, most = limits(PARAMETERS[name])
    assert least < most


def test_a_webhook_is_refused_without_a_secret() -> None:
    rule = template()["Rules"]["AWebhookHasASecret"]
    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "WebhookUrl"}, ""]}]}
    [assertion] = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "WebhookSecret"}, ""]}]}


WEBHOOKS = {
    "": True,
    "https://app.example/hook?from=grok": True,
    "http://127.0.0.1:8080/hook": True,
    "http://app.example/hook": False,
    "app.example": False,
    "https://": False,
}


@pytest.mark.parametrize("url", WEBHOOKS)
def test_a_webhook_has_an_https_address_except_on_the_own_machine(url: str) -> None:
    pattern = PARAMETERS["WebhookUrl"]["AllowedPattern"]
    assert (re.search(pattern, url) is not None) is WEBHOOKS[url]


def test_real_mode_is_refused_where_no_call_could_end_within_a_batch() -> None:
    rule = template()["Rules"]["ABatchLastsLongerThanACall"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "GrokMode"}, "real"]}
    [assertion] = rule["Assertions"]
    [long_enough, another_timeout] = assertion["Assert"]["Fn::Or"]
    [allowed, reference] = long_enough["Fn::Contains"]
    assert reference == {"Ref": "AnalysisTimeoutSeconds"}
    call = PARAMETERS["GrokTimeoutSeconds"]["Default"]
    every = PARAMETERS["AnalysisTimeoutSeconds"]["AllowedValues"]
    assert allowed == [str(batch) for batch in every if batch >= call + BATCH_OVERHEAD_SECONDS]
    assert another_timeout == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "GrokTimeoutSeconds"}, str(call)]}]
    }
