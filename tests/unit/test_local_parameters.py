"""How settings find the template's parameters."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.local.parameters import declared_parameters, from_settings, unknown_names


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


def test_single_words_of_the_user_s_shell_mean_nothing() -> None:
    assert from_settings({"STAGE": "prod", "MODE": "x"}, {"Stage", "Mode"}) == {}


@given(st.dictionaries(st.text(min_size=1), st.text()), st.frozensets(st.text(min_size=1)))
def test_only_declared_parameters_come_out(
    settings: dict[str, str], declared: frozenset[str]
) -> None:
    assert set(from_settings(settings, declared)) <= declared


def test_misspelt_names_are_found_and_those_of_the_local_stack_are_not() -> None:
    names = ["GROK_MODEE", "EMULATOR_PORT", "GROK_API_KEY", "GROK_MODE"]

    assert unknown_names(names, {"GrokMode"}) == ["GROK_MODEE"]


def test_parameters_are_read_from_a_template_with_short_forms(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        "Parameters:\n  GrokMode: {Type: String}\n  Stage: {Default: v1}\n"
        "  Shards: {Default: 4}\n  IsOn: {Default: false}\n"
        "Conditions:\n  IsProd: !Equals [!Ref Stage, prod]\n"
        'Outputs:\n  A: {Value: !Sub "${Stage}"}\n'
    )

    assert declared_parameters(template) == {
        "GrokMode": "",
        "Stage": "v1",
        "Shards": "4",
        "IsOn": "false",
    }
