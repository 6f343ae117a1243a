"""The template's guarantees about data, deployments and environments."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from aws_lambda_powertools.shared.constants import LAMBDA_ADVANCED_LOGGING_LEVELS

from tests.infrastructure.transformed import of_type, transformed
from tests.template import PATH, load, nested_stacks, resource_of, resources, template

ENVIRONMENTS = {"default": "dev", "staging": "staging", "prod": "prod"}
CANARY_SECONDS = 5 * 60
"""Minutes of Canary10Percent5Minutes: an alarm that starts later rolls nothing back."""
TABLES = resources("AWS::DynamoDB::Table")
QUEUES = resources("AWS::SQS::Queue")


def overrides(section: str) -> dict[str, str]:
    """Return the parameters with which samconfig.toml deploys an environment."""
    config = tomllib.loads(Path("samconfig.toml").read_text(encoding="utf-8"))
    given: list[str] = config[section]["deploy"]["parameters"]["parameter_overrides"]
    return dict(one.split("=", 1) for one in given)


def condition(name: str, parameter: str, value: str) -> bool:
    """Whether the condition `name` compares one parameter with one value."""
    found: bool = template()["Conditions"][name] == {"Fn::Equals": [{"Ref": parameter}, value]}
    return found


@pytest.mark.parametrize("section", ENVIRONMENTS)
def test_samconfig_sets_only_parameters_that_exist_to_values_they_take(section: str) -> None:
    declared = template()["Parameters"]
    given = overrides(section)
    assert given["EnvironmentName"] == ENVIRONMENTS[section]
    for name, value in given.items():
        allowed = declared[name].get("AllowedValues")
        assert allowed is None or value in map(str, allowed), name


def test_dev_leaves_most_of_a_new_accounts_ten_executions_to_the_api() -> None:
    """Lambda's minimum for an event source mapping is 2."""
    parameter = template()["Parameters"]["AnalysisConcurrency"]
    assert (parameter["Default"], parameter["MinValue"]) == (2, 2)
    assert "AnalysisConcurrency" not in overrides("default")


@pytest.mark.parametrize("section", ENVIRONMENTS)
def test_each_environment_can_be_transformed(section: str) -> None:
    assert transformed(**overrides(section))["Resources"]


def test_prod_alone_is_rolled_out_by_canary_with_alarms() -> None:
    prod = of_type("AWS::CodeDeploy::DeploymentGroup", **overrides("prod"))
    assert len(prod) == 8
    for group in prod.values():
        properties = group["Properties"]
        assert "DEPLOYMENT_STOP_ON_ALARM" in properties["AutoRollbackConfiguration"]["Events"]
    for section in ("default", "staging"):
        assert not of_type("AWS::CodeDeploy::DeploymentGroup", **overrides(section))


@pytest.mark.parametrize(
    ("group", "also"),
    [
        # A function responds to an exception with 500, so that Lambda counts no error.
        ("IngestFunctionDeploymentGroup", "ApiErrorsAlarm"),
        ("QueryFunctionDeploymentGroup", "ApiErrorsAlarm"),
        ("AnalysisFunctionDeploymentGroup", "UnsavedConversationsAlarm"),
        ("EventsFunctionDeploymentGroup", ""),
        ("AlertsFunctionDeploymentGroup", ""),
        ("JobsFunctionDeploymentGroup", "ApiErrorsAlarm"),
        ("ImportFunctionDeploymentGroup", "ImportsFailedAlarm"),
        ("ReworkFunctionDeploymentGroup", ""),
    ],
)
def test_a_canary_sees_errors_slowness_and_what_lambda_counts_as_no_error(
    group: str, also: str
) -> None:
    properties = of_type("AWS::CodeDeploy::DeploymentGroup", **overrides("prod"))[group][
        "Properties"
    ]
    alarms = {resource_of(one["Name"]) for one in properties["AlarmConfiguration"]["Alarms"]}
    base = group.removesuffix("FunctionDeploymentGroup")
    assert alarms == {f"{base}ErrorsAlarm", f"{base}SlowAlarm", also} - {""}
    for alarm in alarms:
        found = resources("AWS::CloudWatch::Alarm")[alarm]
        needed = found.get("DatapointsToAlarm", found["EvaluationPeriods"])
        assert needed * found["Period"] < CANARY_SECONDS, alarm


def test_only_the_analysis_may_send_to_the_queue_that_invokes_it_without_end() -> None:
    functions = of_type("AWS::Lambda::Function")
    loops = {name: one["Properties"].get("RecursiveLoop") for name, one in functions.items()}
    assert {name for name, loop in loops.items() if loop is not None} == {"AnalysisFunction"}
    assert loops["AnalysisFunction"] == "Allow"


def test_requests_and_batches_reach_the_alias_and_not_the_newest_code() -> None:
    mappings = of_type("AWS::Lambda::EventSourceMapping").values()
    called = {mapping["Properties"]["FunctionName"]["Ref"] for mapping in mappings}
    assert called == {"AnalysisFunctionAliaslive", "EventsFunctionAliaslive"}
    assert len(of_type("AWS::Lambda::Alias")) == 8
    for permission in of_type("AWS::Lambda::Permission").values():
        assert permission["Properties"]["FunctionName"]["Ref"].endswith("Aliaslive")


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_encrypted_backed_up_kept_and_protected(table: str) -> None:
    whole = template()["Resources"][table]
    properties = TABLES[table]
    assert properties["SSESpecification"]["SSEEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties["DeletionProtectionEnabled"] == {"Fn::If": ["IsProtected", True, False]}
    # The table is kept with its data, but not if the creation of its stack failed.
    assert whole["DeletionPolicy"] == "RetainExceptOnCreate"
    assert whole["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize(
    "table", ["ConversationsTable", "InsightsTable", "VersionsTable", "StateTable", "JobsTable"]
)
def test_data_about_people_expires(table: str) -> None:
    assert TABLES[table]["TimeToLiveSpecification"]["Enabled"] is True


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_is_encrypted_and_takes_tls_only_on_aws(queue: str) -> None:
    properties = QUEUES[queue]
    assert properties["SqsManagedSseEnabled"]["Fn::If"][2] is True
    assert properties["KmsMasterKeyId"]["Fn::If"][1] == {"Ref": "Key"}
    policy = template()["Resources"][f"{queue}Policy"]
    assert policy["Condition"] == "OnAws"
    assert condition("OnAws", "AwsEndpointUrl", "")
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    [statement] = [one for one in statements if one["Sid"] == "TlsOnly"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_queue_policy_names_its_own_queue_alone() -> None:
    """SQS refuses any other policy: "each policy must cover only a single queue"."""
    policies = of_type("AWS::SQS::QueuePolicy").values()
    named = [policy["Properties"]["Queues"] for policy in policies]
    assert sorted(map(str, named)) == sorted(str([{"Ref": queue}]) for queue in QUEUES)
    for policy in policies:
        [queue] = policy["Properties"]["Queues"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            assert statement["Resource"] == {"Fn::GetAtt": [queue["Ref"], "Arn"]}


def test_logs_are_kept_for_as_long_as_the_environment_says() -> None:
    environments = template()["Mappings"]["Environments"]
    kept = {name: one["LogRetentionDays"] for name, one in environments.items()}
    assert kept == {"dev": 7, "staging": 30, "prod": 90}
    functions: dict[str, Any] = resources("AWS::Serverless::Function")
    groups = {one["LoggingConfig"]["LogGroup"]["Ref"] for one in functions.values()}
    assert groups | {"ImportMachineLogs", "ReworkMachineLogs"} == set(
        resources("AWS::Logs::LogGroup")
    )
    for group in resources("AWS::Logs::LogGroup").values():
        assert group["RetentionInDays"]["Fn::FindInMap"][2] == "LogRetentionDays"


def test_the_log_level_is_lambdas_and_keeps_the_metrics() -> None:
    """With JSON logs, Lambda's level has priority over Powertools', and EMF lines count as INFO."""
    levels = template()["Parameters"]["LogLevel"]["AllowedValues"]
    assert set(levels) <= {"TRACE", "DEBUG", "INFO"}
    assert set(levels) <= set(LAMBDA_ADVANCED_LOGGING_LEVELS)
    for function in of_type("AWS::Lambda::Function").values():
        logging = function["Properties"]["LoggingConfig"]
        assert logging["LogFormat"] == "JSON"
        assert logging["ApplicationLogLevel"] == {"Ref": "LogLevel"}
        variables = function["Properties"]["Environment"]["Variables"]
        assert variables["POWERTOOLS_LOG_LEVEL"] == {"Ref": "LogLevel"}


def test_the_key_of_grok_is_never_a_parameter() -> None:
    names = template()["Parameters"]
    assert not [name for name in names if "ApiKey" in name and not name.endswith("Parameter")]
    for function in of_type("AWS::Lambda::Function").values():
        assert "GROK_API_KEY" not in function["Properties"]["Environment"]["Variables"]


BODY_RULES = {
    "common": {
        "SizeRestrictions_BODY",
        "CrossSiteScripting_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "EC2MetaDataSSRF_BODY",
    },
    "known-bad-inputs": {"JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY"},
}
"""AWS's rules that read request bodies:
https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
"""


@pytest.mark.parametrize("name", BODY_RULES)
def test_the_firewall_blocks_no_conversation_for_what_it_quotes(name: str) -> None:
    rules = resources("AWS::WAFv2::WebACL")["WebAcl"]["Rules"]
    [rule] = [rule for rule in rules if rule["Name"] == name]
    overrides = rule["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]
    counted = {one["Name"] for one in overrides if one["ActionToUse"] == {"Count": {}}}
    assert counted == BODY_RULES[name]


def test_the_firewall_is_there_where_it_is_asked_for() -> None:
    assert template()["Resources"]["FirewallStack"]["Condition"] == "HasWaf"
    assert condition("HasWaf", "Waf", "true")


@pytest.mark.parametrize("stack", nested_stacks())
def test_a_nested_stack_gets_every_parameter_that_it_declares(stack: str) -> None:
    properties = nested_stacks()[stack]["Properties"]
    declared = load(PATH.parent / properties["TemplateURL"])["Parameters"]
    assert set(properties["Parameters"]) == set(declared)
    for name, parameter in declared.items():
        assert len(parameter["Description"]) > 15, name


def test_checkov_reads_every_template() -> None:
    config = yaml.safe_load((PATH.parent / ".checkov.yaml").read_text(encoding="utf-8"))
    nested = {f"infra/{path.name}" for path in (PATH.parent / "infra").glob("*.yaml")}
    assert set(config["file"]) == {PATH.name} | nested


def test_the_root_template_is_short_enough_to_read() -> None:
    assert len(PATH.read_text(encoding="utf-8").splitlines()) <= 1_350
    for path in (PATH.parent / "infra").glob("*.yaml"):
        assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= 120, path


def test_every_parameter_says_what_it_is_for() -> None:
    for name, parameter in template()["Parameters"].items():
        assert len(parameter["Description"]) > 15, name
