"""What `scripts.template` reads from a template, and how it checks values against the bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.template import PLACEHOLDER, Parameter, read_template
from tests.template import PATH

TEMPLATE = """
Parameters:
  GrokMode: {Type: String, Default: mock, AllowedValues: [mock, real]}
  Shards: {Type: Number, Default: 4, MinValue: 1}
  IsOn: {Default: false}
Globals:
  Function:
    Environment:
      Variables: {GROK_MODE: !Ref GrokMode, TABLE: !Ref Table, LEVEL: INFO}
Conditions:
  IsReal: !Equals [!Ref GrokMode, real]
Resources:
  Table: {Type: AWS::DynamoDB::Table}
  Query:
    Type: AWS::Serverless::Function
    Properties:
      Environment:
        Variables: {INDEX_SHARDS: !Ref Shards, WHERE: !Sub "${Table}-x"}
"""


def test_a_template_is_read_with_short_forms(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)

    template = read_template(path)

    assert template.defaults == {"GrokMode": "mock", "Shards": "4", "IsOn": "false"}
    assert template.parameter_of == {"GROK_MODE": "GrokMode", "INDEX_SHARDS": "Shards"}
    assert template.environment({"GrokMode": "real"}) == {
        "GROK_MODE": "real",
        "TABLE": PLACEHOLDER,
        "LEVEL": "INFO",
        "INDEX_SHARDS": "4",
        "WHERE": PLACEHOLDER,
    }


@pytest.mark.parametrize(
    ("parameter", "value", "fault"),
    [
        (Parameter(allowed=("a", "b")), "c", "must be one of a, b"),
        (Parameter(is_number=True), "many", "must be a number"),
        (Parameter(is_number=True), "", "must be a number"),
        (Parameter(is_number=True, minimum=1), "0.5", "must be at least 1"),
        (Parameter(is_number=True, minimum=1), "nan", "must be at least 1"),
        (Parameter(is_number=True, maximum=300), "301", "must be at most 300"),
        (Parameter(pattern="^(/[a-z]+)?$"), "/a/", "must match ^(/[a-z]+)?$"),
        (Parameter(pattern="^[a-z]+"), "a1", "must match ^[a-z]+"),
        (Parameter(min_length=2), "a", "must have at least 2 characters"),
        (Parameter(max_length=2), "abc", "must have at most 2 characters"),
    ],
)
def test_the_error_for_a_value_outside_the_bounds_says_what_it_must_be(
    parameter: Parameter, value: str, fault: str
) -> None:
    assert parameter.fault(value) == fault


def test_every_default_of_the_template_is_within_its_bounds() -> None:
    parameters = read_template(PATH).parameters

    assert parameters
    assert [name for name, one in parameters.items() if one.fault(one.default)] == []
