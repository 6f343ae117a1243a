"""The acceptance suite finds the stack of an environment, and reports what it may not check."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import httpx
import pytest
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from scripts.environments import UnusableError, environment
from tests.e2e.acceptance.__main__ import require_usable
from tests.e2e.acceptance.cloud import Cloud, ask
from tests.e2e.acceptance.stack import Stack

NAME = environment("staging").stack_name
TEMPLATE = {
    "Parameters": {
        "AwsEndpointUrl": {"Type": "String", "Default": ""},
        "ApiKey": {"Type": "String"},
    },
    "Resources": {
        "AnalysisQueue": {"Type": "AWS::SQS::Queue"},
        "AlarmStack": {
            "Type": "AWS::CloudFormation::Stack",
            "Properties": {"TemplateURL": "https://s3.amazonaws.com/templates/alarms.json"},
        },
    },
    "Outputs": {
        "ApiUrl": {"Value": "https://api.example/v1"},
        "ApiKeyId": {"Value": {"Ref": "ApiKey"}},
    },
}


NESTED = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}


@pytest.fixture
def deployed() -> Iterator[None]:
    """An account with the stack of staging."""
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="templates")
        s3.put_object(Bucket="templates", Key="alarms.json", Body=json.dumps(NESTED))
        key = boto3.client("apigateway").create_api_key(name="clients", enabled=True)["id"]
        boto3.client("cloudformation").create_stack(
            StackName=NAME,
            TemplateBody=json.dumps(TEMPLATE),
            Parameters=[{"ParameterKey": "ApiKey", "ParameterValue": key}],
        )
        yield


@pytest.mark.usefixtures("deployed")
def test_an_environment_leads_to_the_url_and_the_key_of_its_stack() -> None:
    stack = Stack.from_environ({"ENV": "staging", "API_URL": "http://elsewhere", "TIMEOUT": "9"})
    assert (stack.url, stack.name, stack.timeout_seconds) == ("https://api.example/v1", NAME, 9.0)
    [key] = boto3.client("apigateway").get_api_keys(includeValues=True)["items"]
    assert stack.key == key["value"]


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    ("status", "name", "said"),
    [(403, NAME, "refuses the key"), (200, "nobodys", "there is no stack nobodys")],
)
def test_a_wrong_key_and_a_wrong_stack_name_are_refused_in_one_sentence(
    status: int, name: str, said: str
) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status))
    with pytest.raises(UnusableError, match=said):
        require_usable(Stack("https://api.example/v1", "a-key", name), transport)


@pytest.mark.usefixtures("deployed")
def test_a_stack_that_answers_is_usable_with_and_without_credentials() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    stack = Stack("https://api.example/v1", "a-key", NAME)
    require_usable(stack, transport)
    set_initial_no_auth_action_count(0)(require_usable)(stack, transport)


@pytest.mark.usefixtures("deployed")
def test_the_cloud_knows_resources_by_their_logical_ids() -> None:
    cloud = Cloud.of(NAME)
    assert cloud.of_type("AWS::SQS::Queue") == {
        "AnalysisQueue": cloud.id_of("AnalysisQueue"),
        "AlarmStack.Queue": cloud.id_of("AlarmStack.Queue"),
    }
    assert not cloud.is_emulated
    with pytest.raises(AssertionError, match="no resource Firewall"):
        cloud.id_of("Firewall")


@pytest.mark.usefixtures("deployed")
def test_a_request_that_the_credentials_do_not_allow_is_not_checked() -> None:
    refused = set_initial_no_auth_action_count(0)(Cloud.of)
    with pytest.raises(pytest.skip.Exception) as skipped:
        refused(NAME)
    assert str(skipped.value) == "the credentials do not allow cloudformation describe_stacks"


@pytest.mark.usefixtures("deployed")
def test_a_request_that_aws_refuses_for_another_reason_fails_the_check() -> None:
    with pytest.raises(pytest.fail.Exception, match="sqs get_queue_attributes failed"):
        ask("sqs", "get_queue_attributes", QueueUrl="https://sqs.us-east-1.amazonaws.com/1/none")
