"""Each function's role allows what its function does, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.infrastructure.transformed import of_type, walk
from tests.template import nested_template, resources

FUNCTION_ROLES = (
    "IngestFunctionRole",
    "QueryFunctionRole",
    "AnalysisFunctionRole",
    "EventsFunctionRole",
    "AlertsFunctionRole",
    "JobsFunctionRole",
    "ImportFunctionRole",
    "ReworkFunctionRole",
)
NESTED_ROLES = {
    "ImportStateMachineRole": "JobsStack",
    "ReworkStateMachineRole": "JobsStack",
}
DATA = (
    *("ConversationsTable", "InsightsTable", "VersionsTable"),
    *("TrendsTable", "StateTable", "JobsTable"),
)
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"}

EXECUTIONS = (
    "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:"
    "${AWS::StackName}-import"
)
REWORKS = EXECUTIONS.replace("-import", "-rework")
WILDCARDS = {
    '{"Fn::Sub": "${InsightsTable.Arn}/index/*"}': "the indexes of that one table",
    '{"Fn::Sub": "${FilesStack.Outputs.BucketArn}/uploads/*"}': "the files that clients send",
    '{"Fn::Sub": "${FilesStack.Outputs.BucketArn}/jobs/*"}': "the parts and errors of jobs",
    '{"Fn::Sub": "${FilesStack.Outputs.BucketArn}/jobs/*/errors.jsonl"}': "one file of each job",
    '{"Fn::Sub": "${FilesStack.Outputs.BucketArn}/exports/*/insights.*"}': "the file of an export",
    '{"Fn::Sub": "${FilesStack.Outputs.BucketArn}/exports/*"}': "the files of exports and slices",
    f'{{"Fn::Sub": "{EXECUTIONS}:*"}}': "the executions of that one state machine",
    f'{{"Fn::Sub": "{REWORKS}:*"}}': "the executions of that one state machine",
    f'{{"Fn::Sub": "{REWORKS}/*"}}': "the child executions of its map runs",
    f'{{"Fn::Sub": "{EXECUTIONS}/*"}}': "the child executions of its map runs",
    "*": "the delivery of logs and traces, which know no resources to name",
}
"""Resources with a wildcard, and the reason of each."""

MANAGED = {
    "AWSLambdaBasicExecutionRole": "SAM attaches it always; DenyOtherLogs takes back all"
    " but the function's own log group",
    "AWSXrayWriteOnlyAccess": "SAM attaches it for tracing; X-Ray knows no resources to name",
    "AWSLambdaDynamoDBExecutionRole": "SAM attaches it where there is a stream;"
    " DenyOtherStreams denies all but the stream of insights",
    "AWSLambdaSQSQueueExecutionRole": "SAM attaches it where there is a queue;"
    " DenyOtherQueues denies all but the analysis queue",
}
"""AWS managed policies of the roles, and the reason of each."""


class Grant(NamedTuple):
    """One action that a role allows on one resource; intrinsic functions as JSON."""

    role: str
    sid: str
    action: str
    resource: str
    condition: Any


def grants() -> Iterator[Grant]:
    """Return every role's actions times resources, with both branches of each condition."""
    for role in FUNCTION_ROLES:
        properties = of_type("AWS::IAM::Role", GrokApiKeyParameter="/key")[role]["Properties"]
        yield from _of_policies(role, properties["Policies"])
    for role, stack in NESTED_ROLES.items():
        nested = nested_template(stack)["Resources"][role]["Properties"]
        yield from _of_policies(role, nested["Policies"])


def _of_policies(role: str, policies: Any) -> Iterator[Grant]:
    for statement in walk(policies):
        if isinstance(statement, dict) and statement.get("Effect") == "Allow":
            yield from _of(role, statement)


def _of(role: str, statement: dict[str, Any]) -> Iterator[Grant]:
    for action in _list(statement["Action"]):
        for resource in _list(statement["Resource"]):
            yield Grant(
                role,
                statement.get("Sid", "of SAM"),
                action,
                resource if isinstance(resource, str) else json.dumps(resource),
                statement.get("Condition"),
            )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def writers(table: str) -> set[str]:
    return {
        grant.role
        for grant in grants()
        if f'"{table}' in grant.resource
        and grant.action.removeprefix("dynamodb:") in WRITES
        and not grant.condition
    }


def test_there_is_a_role_for_each_function_and_no_other() -> None:
    assert set(of_type("AWS::IAM::Role")) == set(FUNCTION_ROLES)


def test_no_role_has_a_wildcard_without_a_written_reason() -> None:
    found = list(grants())
    assert len(found) > 30
    for grant in found:
        print(*grant[:4])
        assert "*" not in grant.action, grant
        assert "*" not in grant.resource or grant.resource in WILDCARDS, grant
        assert grant.resource != "*" or grant.sid in {"DeliverLogs", "Trace"}, grant


def test_every_written_reason_is_still_needed() -> None:
    assert set(WILDCARDS) == {grant.resource for grant in grants() if "*" in grant.resource}


def denied(role: str, sid: str) -> dict[str, Any]:
    """Return the statement with which a role denies what a managed policy allows."""
    policies = of_type("AWS::IAM::Role")[role]["Properties"]["Policies"]
    [found] = [one for one in walk(policies) if isinstance(one, dict) and one.get("Sid") == sid]
    assert found["Effect"] == "Deny"
    return dict(found)


@pytest.mark.parametrize("role", FUNCTION_ROLES)
def test_managed_policies_are_those_with_a_reason(role: str) -> None:
    arns = of_type("AWS::IAM::Role")[role]["Properties"]["ManagedPolicyArns"]
    with_source = {
        "AnalysisFunctionRole": {"AWSLambdaSQSQueueExecutionRole"},
        "EventsFunctionRole": {"AWSLambdaDynamoDBExecutionRole"},
    }
    expected = {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess", *with_source.get(role, ())}
    assert {arn.split("/")[-1] for arn in arns} == expected <= set(MANAGED)


@pytest.mark.parametrize("role", FUNCTION_ROLES)
def test_a_function_writes_to_no_log_but_its_own(role: str) -> None:
    group = role.replace("FunctionRole", "Logs")
    statement = denied(role, "DenyOtherLogs")
    assert set(statement["Action"]) == {
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    assert [one["Fn::Sub"].split("log-group:")[1] for one in statement["NotResource"]] == [
        f"${{{group}}}",
        f"${{{group}}}:*",
    ]


def test_the_analysis_receives_from_no_queue_but_its_own() -> None:
    """This includes the dead-letter queue, to which it only sends."""
    statement = denied("AnalysisFunctionRole", "DenyOtherQueues")
    managed = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    assert set(statement["Action"]) == managed
    assert statement["NotResource"] == {"Fn::GetAtt": ["AnalysisQueue", "Arn"]}
    of_dead_letters = {
        grant.action
        for grant in grants()
        if grant.role == "AnalysisFunctionRole" and '"DeadLetterQueue"' in grant.resource
    }
    assert of_dead_letters == {"sqs:SendMessage", "sqs:SendMessageBatch"}


def test_the_events_function_reads_no_stream_but_that_of_insights() -> None:
    statement = denied("EventsFunctionRole", "DenyOtherStreams")
    managed = {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}
    assert set(statement["Action"]) == managed
    assert statement["NotResource"] == {"Fn::GetAtt": ["InsightsTable", "StreamArn"]}


def test_the_events_function_reads_no_table_and_sends_to_its_own_bus_only() -> None:
    found = [grant for grant in grants() if grant.role == "EventsFunctionRole"]
    assert {grant.resource for grant in found if grant.action == "events:PutEvents"} == {
        '{"Fn::GetAtt": ["EventsStack", "Outputs.BusArn"]}'
    }
    assert {grant.action for grant in found} == {
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "events:PutEvents",
        "sqs:SendMessage",
    }


def test_the_webhook_s_role_calls_the_webhook_and_nothing_else() -> None:
    role = resources("AWS::IAM::Role")["WebhookRole"]
    [policy] = role["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "events:InvokeApiDestination"
    assert statement["Resource"] == {"Fn::GetAtt": ["WebhookDestination", "Arn"]}


def test_the_query_role_writes_nothing_but_rate_limit_windows() -> None:
    written = [
        grant
        for grant in grants()
        if grant.role == "QueryFunctionRole" and grant.action.removeprefix("dynamodb:") in WRITES
    ]
    assert [(grant.sid, grant.action) for grant in written] == [
        ("CountRequests", "dynamodb:UpdateItem")
    ]
    assert written[0].condition == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["rate#*"]}}
    assert not any(g.action.startswith("sqs:Send") for g in grants() if g.role == written[0].role)


def test_the_ingest_role_changes_no_state_but_rate_limit_windows_the_profile_and_alerts() -> None:
    written = {
        grant.sid: grant.condition
        for grant in grants()
        if grant.role == "IngestFunctionRole" and '"StateTable' in grant.resource
    }
    keys = "dynamodb:LeadingKeys"
    assert written == {
        "CountRequests": {"ForAllValues:StringLike": {keys: ["rate#*"]}},
        "ChangeProfile": {"ForAllValues:StringLike": {keys: ["profile", "profile#*", "proposals"]}},
        "KeepAlerts": {"ForAllValues:StringEquals": {keys: ["alerts"]}},
    }


def test_the_alerts_role_reads_counters_and_jobs_and_changes_the_item_of_alerts_only() -> None:
    found = [grant for grant in grants() if grant.role == "AlertsFunctionRole"]
    assert {(grant.sid, grant.action) for grant in found} == {
        ("KeepAlerts", "dynamodb:GetItem"),
        ("KeepAlerts", "dynamodb:PutItem"),
        ("ReadCounters", "dynamodb:BatchGetItem"),
        ("ReadJobs", "dynamodb:GetItem"),
        ("ReadJobs", "dynamodb:BatchGetItem"),
        ("SendEvents", "events:PutEvents"),
    }
    assert {grant.resource for grant in found} == {
        '{"Fn::GetAtt": ["StateTable", "Arn"]}',
        '{"Fn::GetAtt": ["JobsTable", "Arn"]}',
        '{"Fn::GetAtt": ["TrendsTable", "Arn"]}',
        '{"Fn::GetAtt": ["EventsStack", "Outputs.BusArn"]}',
    }
    kept = {json.dumps(grant.condition) for grant in found if grant.sid == "KeepAlerts"}
    assert kept == {'{"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["alerts"]}}'}


def test_the_schedule_s_role_invokes_the_alerts_function_and_nothing_else() -> None:
    [policy] = resources("AWS::IAM::Role")["ScheduleRole"]["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Resource"] == {"Ref": "AlertsFunction.Alias"}


def test_only_the_analysis_and_jobs_on_insights_write_insights_as_they_like() -> None:
    assert writers("InsightsTable") == {"AnalysisFunctionRole", "ReworkFunctionRole"}


def test_the_analysis_and_jobs_on_insights_add_versions_that_ingest_deletes() -> None:
    written = {
        (grant.role, grant.action)
        for grant in grants()
        if '"VersionsTable' in grant.resource and grant.action.removeprefix("dynamodb:") in WRITES
    }
    assert written == {
        ("AnalysisFunctionRole", "dynamodb:PutItem"),
        ("AnalysisFunctionRole", "dynamodb:DeleteItem"),
        ("ReworkFunctionRole", "dynamodb:PutItem"),
        ("ReworkFunctionRole", "dynamodb:DeleteItem"),
        ("IngestFunctionRole", "dynamodb:DeleteItem"),
    }


def test_only_ingest_and_imports_write_conversations() -> None:
    assert writers("ConversationsTable") == {"IngestFunctionRole", "ImportFunctionRole"}


def test_imports_neither_read_nor_delete_what_was_accepted() -> None:
    actions = {
        grant.action
        for grant in grants()
        if grant.role == "ImportFunctionRole" and '"ConversationsTable' in grant.resource
    }
    assert actions == {"dynamodb:PutItem", "dynamodb:UpdateItem"}


def test_the_state_machine_calls_the_import_function_and_nothing_else() -> None:
    of_machine = [grant for grant in grants() if grant.role == "ImportStateMachineRole"]
    called = {g.resource for g in of_machine if g.action == "lambda:InvokeFunction"}
    assert called == {'{"Ref": "ImportFunction.Alias"}'}
    sids = {"RunSteps", "StartParts", "FollowParts", "DeliverLogs", "Trace"}
    assert {g.sid for g in of_machine} == sids


def test_the_state_machine_of_jobs_on_insights_calls_the_rework_function_and_nothing_else() -> None:
    of_machine = [grant for grant in grants() if grant.role == "ReworkStateMachineRole"]
    called = {g.resource for g in of_machine if g.action == "lambda:InvokeFunction"}
    assert called == {'{"Ref": "ReworkFunction.Alias"}'}
    sids = {"RunSteps", "StartParts", "FollowParts", "DeliverLogs", "Trace"}
    assert {g.sid for g in of_machine} == sids


def test_the_rework_function_writes_no_conversation_and_of_the_state_what_jobs_need() -> None:
    assert "ReworkFunctionRole" not in writers("ConversationsTable")
    states = {
        (grant.sid, grant.action, json.dumps(grant.condition))
        for grant in grants()
        if grant.role == "ReworkFunctionRole" and '"StateTable' in grant.resource
    }
    keys = '{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [%s]}}'
    assert states == {
        ("CloseJobs", "dynamodb:PutItem", keys % '"job#*"'),
        ("CountOutcomes", "dynamodb:UpdateItem", keys % '"job#*", "segment#*"'),
        ("ReadPauses", "dynamodb:BatchGetItem", "null"),
    }


def test_only_the_analysis_reads_the_key() -> None:
    readers = {grant.role for grant in grants() if grant.action.startswith("ssm:")}
    assert readers == {"AnalysisFunctionRole"}


def test_the_ingest_role_reads_of_insights_what_says_nothing_of_their_contents() -> None:
    reads = [
        grant
        for grant in grants()
        if grant.role == "IngestFunctionRole"
        and '"InsightsTable' in grant.resource
        and grant.action.removeprefix("dynamodb:") not in WRITES
    ]
    assert reads
    for grant in reads:
        named = json.dumps(grant.condition)
        assert "dynamodb:Attributes" in named, grant
        assert "SPECIFIC_ATTRIBUTES" in named, grant
        assert '"document"' not in named, grant


def test_no_role_may_scan_or_delete_a_table() -> None:
    actions = {grant.action for grant in grants()}
    assert not actions & {"dynamodb:Scan", "dynamodb:DeleteTable", "sqs:PurgeQueue"}
