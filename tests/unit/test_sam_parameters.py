"""SAM CLI's own parser reads back every value that is passed to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from samcli.cli.types import CfnParameterOverridesType

from scripts.sam_parameters import read_overrides, write_overrides

DIFFICULT = st.sampled_from("\\ \"'\n\r\t=,:#{}%&*!|>@`$\x7f\x85\u2028é😀")
VALUES = st.text(st.one_of(DIFFICULT, st.characters(codec="utf-8", exclude_characters="\0")))


@given(VALUES)
@example('You are "kind".\nAnswer in JSON: {\\"a\\": 1} \\')
@example("'")
@example("file://x")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sam_reads_back_any_value(tmp_path: Path, value: str) -> None:
    given = {"GrokSystemPrompt": value, "StageName": "v1"}

    option = write_overrides(tmp_path / "parameters.yaml", given)

    assert CfnParameterOverridesType().convert((option,), None, None) == given


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["GrokMode=mock", "GrokModel="], {"GrokMode": "mock", "GrokModel": ""}),
        (["GrokSystemPrompt=You are kind."], {"GrokSystemPrompt": "You are kind."}),
        (['GrokSystemPrompt="You are kind."'], {"GrokSystemPrompt": "You are kind."}),
        (["ParameterKey=GrokMode,ParameterValue=mock"], {"GrokMode": "mock"}),
        ("GrokMode=mock StageName=v1", {"GrokMode": "mock", "StageName": "v1"}),
        ({"GrokMode": "mock", "IndexShards": 4}, {"GrokMode": "mock", "IndexShards": "4"}),
        ([], {}),
    ],
)
def test_samconfig_s_forms_are_read_and_no_value_ends_at_a_blank(
    given: Any, read: dict[str, str]
) -> None:
    assert read_overrides(given) == read


def test_only_the_user_can_read_a_file_of_values(tmp_path: Path) -> None:
    write_overrides(tmp_path / "values.yaml", {"WebhookSecret": "s"})
    assert (tmp_path / "values.yaml").stat().st_mode & 0o077 == 0
