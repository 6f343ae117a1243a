"""The stack's state in AWS: needs the stack's name, and credentials that may read it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.acceptance import deployed
from tests.e2e.acceptance.cloud import (
    EXPIRING_TABLES,
    FUNCTIONS,
    QUEUES,
    TABLES,
    Cloud,
    ask,
    ask_all,
)

ALIAS = "live"
EVENTS_QUEUE = "EventsDeadLetterQueue"
Note = Callable[[str, object], None]


def test_the_api_has_one_stage(cloud: Cloud) -> None:
    stages = ask("apigateway", "get_stages", restApiId=cloud.id_of("Api"))["item"]
    names = [stage["stageName"] for stage in stages]
    wanted = [cloud.parameters["StageName"]]
    assert names == wanted, f"the API has the stages {names}, not {wanted}"


def test_the_api_calls_the_functions_by_their_alias(cloud: Cloud) -> None:
    pages = ask_all("apigateway", "get_resources", restApiId=cloud.id_of("Api"), embed=["methods"])
    resources = [resource for page in pages for resource in page["items"]]
    others = deployed.integrations_past_alias(resources, ALIAS)
    assert not others, f"these methods call a function other than by its alias: {others}"


def test_each_alias_leads_to_one_version(cloud: Cloud) -> None:
    for function in FUNCTIONS:
        found = ask("lambda", "get_alias", FunctionName=cloud.id_of(function), Name=ALIAS)
        weights = found.get("RoutingConfig", {}).get("AdditionalVersionWeights")
        if weights:
            pytest.skip(f"a deployment of {function} is under way: other versions get {weights}")
        assert found["FunctionVersion"] != "$LATEST", f"{function} is called without a version"


def test_new_versions_get_their_traffic_in_steps(cloud_on_aws: Cloud) -> None:
    if cloud_on_aws.parameters["SafeRollout"] != "true":
        pytest.skip("SafeRollout is false for this stack")
    [application] = cloud_on_aws.of_type("AWS::CodeDeploy::Application").values()
    groups = cloud_on_aws.of_type("AWS::CodeDeploy::DeploymentGroup")
    assert len(groups) == len(FUNCTIONS), f"there are the deployment groups {list(groups)}"
    for group in groups.values():
        names = {"applicationName": application, "deploymentGroupName": group}
        found = ask("codedeploy", "get_deployment_group", **names)["deploymentGroupInfo"]
        faults = deployed.rollout_faults(found)
        assert not faults, "; ".join(faults)


def test_the_queue_feeds_the_analysis_as_configured(cloud: Cloud) -> None:
    queue = _attributes(cloud, "AnalysisQueue")["QueueArn"]
    pages = ask_all("lambda", "list_event_source_mappings", EventSourceArn=queue)
    mappings = [one for page in pages for one in page["EventSourceMappings"]]
    fed = [one["FunctionArn"].rpartition(":function:")[2] for one in mappings]
    wanted = [f"{cloud.id_of('AnalysisFunction')}:{ALIAS}"]
    assert fed == wanted, f"the queue feeds {fed}, not {wanted}"
    faults = deployed.mapping_faults(mappings[0], cloud.parameters)
    assert not faults, "; ".join(faults)


def test_the_stream_of_insights_feeds_the_events_function(cloud: Cloud) -> None:
    table = ask("dynamodb", "describe_table", TableName=cloud.id_of("InsightsTable"))["Table"]
    stream = table.get("LatestStreamArn")
    assert stream, "the table of insights has no stream, so that no events are sent"
    pages = ask_all("lambda", "list_event_source_mappings", EventSourceArn=stream)
    mappings = [one for page in pages for one in page["EventSourceMappings"]]
    fed = [one["FunctionArn"].rpartition(":function:")[2] for one in mappings]
    wanted = [f"{cloud.id_of('EventsFunction')}:{ALIAS}"]
    assert fed == wanted, f"the stream feeds {fed}, not {wanted}"
    faults = deployed.stream_mapping_faults(mappings[0], _attributes(cloud, EVENTS_QUEUE))
    assert not faults, "; ".join(faults)


def test_the_schedule_invokes_the_alerts_function(cloud: Cloud) -> None:
    found = ask("scheduler", "get_schedule", Name=cloud.id_of("AlertsStack.Schedule"))
    target = found["Target"]["Arn"].rpartition(":function:")[2]
    wanted = f"{cloud.id_of('AlertsFunction')}:{ALIAS}"
    assert found["State"] == "ENABLED", "the schedule is disabled: no alert rule is evaluated"
    assert target == wanted, f"the schedule invokes {target}, not {wanted}"


def test_the_webhook_gets_all_events_and_has_a_dead_letter_queue(cloud_on_aws: Cloud) -> None:
    if not cloud_on_aws.parameters["WebhookUrl"]:
        pytest.skip("the stack has no webhook")
    names = {"Rule": "webhook", "EventBusName": cloud_on_aws.id_of("EventsStack.Bus")}
    targets = ask("events", "list_targets_by_rule", **names)["Targets"]
    faults = deployed.webhook_faults(targets)
    assert not faults, "; ".join(faults)


def test_the_queue_hides_messages_long_enough_and_has_a_dead_letter_queue(cloud: Cloud) -> None:
    faults = deployed.queue_faults(
        _attributes(cloud, "AnalysisQueue"), int(cloud.parameters["AnalysisTimeoutSeconds"])
    )
    assert not faults, "; ".join(faults)


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_accepts_tls_only(cloud_on_aws: Cloud, queue: str) -> None:
    faults = deployed.tls_faults(_attributes(cloud_on_aws, queue))
    assert not faults, "; ".join(faults)


def test_the_analysis_may_send_messages_to_its_own_queue(cloud_on_aws: Cloud) -> None:
    name = cloud_on_aws.id_of("AnalysisFunction")
    found = ask("lambda", "get_function_recursion_config", FunctionName=name)["RecursiveLoop"]
    assert found == "Allow", f"RecursiveLoop is {found}: Lambda stops messages that are sent again"


def test_no_alarm_is_raised(cloud: Cloud, record_property: Note) -> None:
    names = list(cloud.of_type("AWS::CloudWatch::Alarm").values())
    assert names, "the stack has no alarms"
    pages = ask_all("cloudwatch", "describe_alarms", AlarmNames=names)
    states = {one["AlarmName"]: one["StateValue"] for page in pages for one in page["MetricAlarms"]}
    missing = set(names) - states.keys()
    assert not missing, f"these alarms do not exist: {sorted(missing)}"
    raised = sorted(name for name, state in states.items() if state == "ALARM")
    assert not raised, f"these alarms are raised: {raised}; docs/operations.md says what to do"
    unknown = sum(state == "INSUFFICIENT_DATA" for state in states.values())
    record_property("note", f"{unknown} of {len(states)} have too little data for a state")


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_protected_and_expires_as_configured(cloud_on_aws: Cloud, table: str) -> None:
    name = {"TableName": cloud_on_aws.id_of(table)}
    faults = deployed.table_faults(
        ask("dynamodb", "describe_table", **name)["Table"],
        ask("dynamodb", "describe_continuous_backups", **name)["ContinuousBackupsDescription"],
        ask("dynamodb", "describe_time_to_live", **name)["TimeToLiveDescription"],
        is_protected=cloud_on_aws.parameters["EnvironmentName"] != "dev",
        expires=table in EXPIRING_TABLES,
    )
    assert not faults, "; ".join(faults)


def test_logs_are_not_kept_forever(cloud: Cloud, record_property: Note) -> None:
    groups = cloud.of_type("AWS::Logs::LogGroup").values()
    assert groups, "the stack has no log groups"
    days: dict[str, int] = {}
    for name in groups:
        found = ask("logs", "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
        days |= {one["logGroupName"]: one.get("retentionInDays", 0) for one in found}
    endless = [name for name in groups if not days.get(name)]
    assert not endless, f"these log groups are missing or keep their logs forever: {endless}"
    record_property("note", f"{sorted(set(days.values()))} days")


def _attributes(cloud: Cloud, queue: str) -> dict[str, str]:
    names = ["QueueArn", "Policy", "RedrivePolicy", "VisibilityTimeout"]
    response = ask("sqs", "get_queue_attributes", QueueUrl=cloud.id_of(queue), AttributeNames=names)
    found: dict[str, str] = response["Attributes"]
    return found
