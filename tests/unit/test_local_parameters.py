"""How settings become the template's parameters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.local.parameters import from_settings, spelled, to_keep, unknown_names
from scripts.template import Parameter, Ref, Template


@pytest.mark.parametrize(
    ("setting", "parameter"),
    [
        ("GROK_MODE", "GrokMode"),
        ("MAX_QUEUE_DEPTH", "MaxQueueDepth"),
        ("GROK_COST_PER_1K", "GrokCostPer1k"),
        ("GROK_COST_PER_1K", "GrokCostPer1K"),
        ("DAILY_BUDGET_USD", "DailyBudgetUSD"),
    ],
)
def test_a_setting_is_the_parameter_of_the_same_words(setting: str, parameter: str) -> None:
    assert from_settings({setting: "1"}, {parameter, "Other"}) == {parameter: "1"}


def test_settings_without_a_parameter_are_left_out() -> None:
    assert from_settings({"LC_ALL": "C", "XDG_SEAT": "x"}, {"GrokMode"}) == {}


def test_single_words_of_the_user_s_shell_have_no_effect() -> None:
    assert from_settings({"STAGE": "prod", "MODE": "x"}, {"Stage", "Mode"}) == {}


@given(st.dictionaries(st.text(min_size=1), st.text()), st.frozensets(st.text(min_size=1)))
def test_only_declared_parameters_come_out(
    settings: dict[str, str], declared: frozenset[str]
) -> None:
    assert set(from_settings(settings, declared)) <= declared


def test_misspelt_names_are_found_and_those_of_the_local_stack_are_not() -> None:
    names = ["GROK_MODEE", "EMULATOR_PORT", "GROK_API_KEY", "GROK_MODE"]

    assert unknown_names(names, {"GrokMode"}) == ["GROK_MODEE"]


def test_the_keys_and_the_shell_are_not_kept_and_the_place_is() -> None:
    chosen = {
        "GROK_MODE": "real",
        "GROK_API_KEY": "xai-secret",
        "GROK_API_KEY_PARAMETER": "/mine",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "EMULATOR_PORT": "4611",
        "LC_ALL": "C",
        "LOCAL_DIR": "/elsewhere",
    }
    declared = {"GrokMode", "GrokApiKeyParameter", "AwsEndpointUrl"}

    assert to_keep(chosen, declared) == {"GROK_MODE": "real", "EMULATOR_PORT": "4611"}


def test_a_parameter_is_called_as_the_user_wrote_it_else_as_the_functions_know_it() -> None:
    template = Template(
        {name: Parameter() for name in ("GrokMode", "GrokCostPer1k", "LogLevel")},
        {"GROK_COST_PER_1K": Ref("GrokCostPer1k")},
    )

    assert spelled({"GROK__MODE"}, template) == {
        "GrokMode": "GROK__MODE",
        "GrokCostPer1k": "GROK_COST_PER_1K",
        "LogLevel": "LOG_LEVEL",
    }
