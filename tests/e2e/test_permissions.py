"""Each function's role, tested on the emulator: IAM refuses what its function must not do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.e2e.conftest import Stack

Attempt = Callable[[Any, Stack], Any]
KEY = {"conversation_id": {"S": "nobody"}}
AN_INSIGHT = {**KEY, "status": {"S": "completed"}}


def client_of(stack: Stack, function: str, service: Any) -> Any:
    """Return a client with the rights of a function: it assumes the role as Lambda does."""
    name = stack.name(f"{function}_FUNCTION_NAME")
    arn = stack.session.functions().get_function_configuration(FunctionName=name)["Role"]
    iam = stack.session.client("iam")
    role = arn.rsplit("/", 1)[-1]
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    account = arn.split(":")[4]
    widened = json.loads(json.dumps(trust if isinstance(trust, dict) else json.loads(trust)))
    widened["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": "sts:AssumeRole",
        }
    )
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(widened))
    lent = stack.session.client("sts").assume_role(RoleArn=arn, RoleSessionName="a-test")
    credentials = lent["Credentials"]
    return boto3.client(
        service,
        endpoint_url=stack.name("AWS_ENDPOINT_URL"),
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name="us-east-1",
    )


def refused(stack: Stack, function: str, service: str, call: Attempt) -> bool:
    """Whether IAM denies the function's role a call on resources that exist."""
    client = client_of(stack, function, service)
    try:
        call(client, stack)
    except ClientError as error:
        return error.response["Error"]["Code"] in {
            "AccessDenied",
            "AccessDeniedException",
            "AWS.SimpleQueueService.AccessDenied",
        }
    return False


def get(table: str, key: dict[str, Any], **more: Any) -> Attempt:
    return lambda client, stack: client.get_item(TableName=stack.name(table), Key=key, **more)


def put(table: str, item: dict[str, Any]) -> Attempt:
    return lambda client, stack: client.put_item(TableName=stack.name(table), Item=item)


def delete(table: str, key: dict[str, Any]) -> Attempt:
    return lambda client, stack: client.delete_item(TableName=stack.name(table), Key=key)


def scan(table: str) -> Attempt:
    return lambda client, stack: client.scan(TableName=stack.name(table))


def send(queue: str) -> Attempt:
    return lambda client, stack: client.send_message(QueueUrl=stack.name(queue), MessageBody="{}")


def receive(queue: str) -> Attempt:
    return lambda client, stack: client.receive_message(QueueUrl=stack.name(queue))


def purge(queue: str) -> Attempt:
    return lambda client, stack: client.purge_queue(QueueUrl=stack.name(queue))


def write_log(function: str) -> Attempt:
    def attempt(client: Any, stack: Stack) -> None:
        group = f"/aws/lambda/{stack.name('STACK_NAME')}-{function}"
        client.create_log_stream(logGroupName=group, logStreamName="forged")

    return attempt


def put_event(bus: str) -> Attempt:
    entry = {"EventBusName": bus, "Source": "test", "DetailType": "test", "Detail": "{}"}

    def attempt(client: Any, stack: Stack) -> None:
        named = {**entry, "EventBusName": stack.environment.get(bus, bus)}
        client.put_events(Entries=[named])

    return attempt


def get_object(key: str) -> Attempt:
    return lambda client, stack: client.get_object(Bucket=stack.name("FILES_BUCKET_NAME"), Key=key)


def describe_stream(client: Any, stack: Stack) -> None:
    table = stack.session.dynamodb().describe_table(TableName=stack.name("INSIGHTS_TABLE_NAME"))
    client.describe_stream(StreamArn=table["Table"]["LatestStreamArn"])


AN_ID = {"id": {"S": "nobody"}}
A_COUNTER = {"bucket": {"S": "day#2026#0"}, "slot": {"S": "11-23"}}
REFUSED: list[tuple[str, str, str, Attempt]] = [
    ("REWORK", "dynamodb", "write conversations", put("CONVERSATIONS_TABLE_NAME", AN_ID)),
    ("REWORK", "dynamodb", "delete insights", delete("INSIGHTS_TABLE_NAME", KEY)),
    ("REWORK", "s3", "read uploads", get_object("uploads/1")),
    ("JOBS", "s3", "read the files of slices", get_object("exports/1/parts/1")),
    ("QUERY", "dynamodb", "write insights", put("INSIGHTS_TABLE_NAME", AN_INSIGHT)),
    ("QUERY", "dynamodb", "delete insights", delete("INSIGHTS_TABLE_NAME", KEY)),
    ("QUERY", "dynamodb", "write conversations", put("CONVERSATIONS_TABLE_NAME", AN_ID)),
    ("QUERY", "dynamodb", "write counters", put("TRENDS_TABLE_NAME", A_COUNTER)),
    ("QUERY", "dynamodb", "put state", put("STATE_TABLE_NAME", AN_ID)),
    ("QUERY", "dynamodb", "scan conversations", scan("CONVERSATIONS_TABLE_NAME")),
    ("QUERY", "sqs", "send messages", send("ANALYSIS_QUEUE_URL")),
    ("QUERY", "sqs", "receive messages", receive("DEAD_LETTER_QUEUE_URL")),
    ("QUERY", "logs", "write ingest's log", write_log("ingest")),
    ("INGEST", "dynamodb", "read insights whole", get("INSIGHTS_TABLE_NAME", KEY)),
    (
        "INGEST",
        "dynamodb",
        "read insights' documents",
        get(
            "INSIGHTS_TABLE_NAME",
            KEY,
            ProjectionExpression="#document",
            ExpressionAttributeNames={"#document": "document"},
        ),
    ),
    ("INGEST", "dynamodb", "delete insights", delete("INSIGHTS_TABLE_NAME", KEY)),
    ("INGEST", "dynamodb", "scan insights", scan("INSIGHTS_TABLE_NAME")),
    ("INGEST", "dynamodb", "delete state", delete("STATE_TABLE_NAME", AN_ID)),
    ("INGEST", "dynamodb", "scan state", scan("STATE_TABLE_NAME")),
    ("INGEST", "sqs", "receive messages", receive("ANALYSIS_QUEUE_URL")),
    ("INGEST", "sqs", "purge the queue", purge("ANALYSIS_QUEUE_URL")),
    ("INGEST", "logs", "write the analysis' log", write_log("analysis")),
    ("ANALYSIS", "dynamodb", "write conversations", put("CONVERSATIONS_TABLE_NAME", AN_ID)),
    ("ANALYSIS", "dynamodb", "delete conversations", delete("CONVERSATIONS_TABLE_NAME", AN_ID)),
    ("ANALYSIS", "dynamodb", "delete insights", delete("INSIGHTS_TABLE_NAME", KEY)),
    ("ANALYSIS", "dynamodb", "scan conversations", scan("CONVERSATIONS_TABLE_NAME")),
    ("ANALYSIS", "sqs", "purge the queue", purge("ANALYSIS_QUEUE_URL")),
    ("ANALYSIS", "sqs", "receive dead letters", receive("DEAD_LETTER_QUEUE_URL")),
    ("ANALYSIS", "logs", "write query's log", write_log("query")),
    ("ANALYSIS", "events", "send events", put_event("EVENT_BUS_NAME")),
    ("ANALYSIS", "dynamodbstreams", "read the stream", describe_stream),
    ("EVENTS", "events", "send events to another bus", put_event("default")),
    ("EVENTS", "dynamodb", "read insights", get("INSIGHTS_TABLE_NAME", KEY)),
    ("EVENTS", "dynamodb", "write insights", put("INSIGHTS_TABLE_NAME", AN_INSIGHT)),
    ("EVENTS", "dynamodb", "read conversations", get("CONVERSATIONS_TABLE_NAME", AN_ID)),
    ("EVENTS", "sqs", "send messages", send("ANALYSIS_QUEUE_URL")),
    ("EVENTS", "sqs", "receive dead letters", receive("EVENTS_DEAD_LETTER_QUEUE_URL")),
    ("EVENTS", "logs", "write query's log", write_log("query")),
    ("ALERTS", "events", "send events to another bus", put_event("default")),
    # The emulator does not compare the keys of the items of the State table.
    ("ALERTS", "dynamodb", "delete state", delete("STATE_TABLE_NAME", AN_ID)),
    ("ALERTS", "dynamodb", "write counters", put("TRENDS_TABLE_NAME", A_COUNTER)),
    ("ALERTS", "dynamodb", "read insights", get("INSIGHTS_TABLE_NAME", KEY)),
    ("ALERTS", "dynamodb", "read conversations", get("CONVERSATIONS_TABLE_NAME", AN_ID)),
    ("ALERTS", "logs", "write query's log", write_log("query")),
]


@pytest.mark.parametrize(
    ("function", "service", "what", "call"), REFUSED, ids=[f"{one[0]} {one[2]}" for one in REFUSED]
)
def test_a_function_is_refused(
    stack: Stack, function: str, service: str, what: str, call: Attempt
) -> None:
    assert refused(stack, function, service, call), f"{function} may {what}"


ALLOWED: list[tuple[str, str, Attempt]] = [
    ("QUERY", "dynamodb", get("INSIGHTS_TABLE_NAME", KEY)),
    ("QUERY", "dynamodb", get("CONVERSATIONS_TABLE_NAME", AN_ID)),
    ("ANALYSIS", "logs", write_log("analysis")),
    ("ANALYSIS", "sqs", send("DEAD_LETTER_QUEUE_URL")),
    ("EVENTS", "events", put_event("EVENT_BUS_NAME")),
    # It may read the stream too, but the emulator does not find the stream in such a request.
    ("EVENTS", "sqs", send("EVENTS_DEAD_LETTER_QUEUE_URL")),
    ("EVENTS", "logs", write_log("events")),
    ("ALERTS", "dynamodb", get("STATE_TABLE_NAME", {"id": {"S": "alerts"}})),
    ("ALERTS", "events", put_event("EVENT_BUS_NAME")),
    ("ALERTS", "logs", write_log("alerts")),
]


@pytest.mark.parametrize(("function", "service", "call"), ALLOWED)
def test_what_a_function_needs_is_not_refused(
    stack: Stack, function: str, service: str, call: Attempt
) -> None:
    call(client_of(stack, function, service), stack)


def test_the_analysis_is_refused_a_queue_of_somebody_else(stack: Stack) -> None:
    url = stack.session.sqs().create_queue(QueueName="somebody-elses")["QueueUrl"]
    with pytest.raises(ClientError, match="AccessDenied"):
        client_of(stack, "ANALYSIS", "sqs").receive_message(QueueUrl=url)
