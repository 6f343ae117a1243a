"""Workarounds for differences between the emulator and AWS in a deployed template.

The emulator passes no parameters to SAM's transform. It reads the body of a REST API without its
gateway responses. It does not decode `~1` as a slash in binary media types. It keeps the value of a
`Number` parameter as text, which its event source mappings cannot compare. Its CloudFormation makes
no connections and API destinations, which its EventBridge has.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from botocore.exceptions import ClientError
from mypy_boto3_apigateway import APIGatewayClient
from mypy_boto3_apigateway.literals import GatewayResponseTypeType
from mypy_boto3_cloudformation import CloudFormationClient
from mypy_boto3_lambda import LambdaClient

Responses: TypeAlias = Mapping[GatewayResponseTypeType, Any]

_WEBHOOK = "webhook"
_SECTION = "x-amazon-apigateway-gateway-responses"


def make_default(template: Path, parameter: str, value: str) -> None:
    """Make a value the default of a parameter, because the transform knows only defaults."""
    content: dict[str, Any] = yaml.safe_load(template.read_text("utf-8"))
    content["Parameters"][parameter]["Default"] = value
    template.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")


def put_gateway_responses(
    cloudformation: CloudFormationClient, api: APIGatewayClient, stack_name: str
) -> None:
    """Set the gateway responses of the deployed template, and deploy the API's stages again."""
    template = cloudformation.get_template(StackName=stack_name, TemplateStage="Processed")
    for logical_id, responses in _declared(dict(template["TemplateBody"])):
        resource = cloudformation.describe_stack_resource(
            StackName=stack_name, LogicalResourceId=logical_id
        )
        rest_api = resource["StackResourceDetail"]["PhysicalResourceId"]
        for kind, response in responses.items():
            api.put_gateway_response(restApiId=rest_api, responseType=kind, **_request(response))
        for stage in api.get_stages(restApiId=rest_api)["item"]:
            api.create_deployment(restApiId=rest_api, stageName=stage["stageName"])


def unescape_binary_media_types(api: APIGatewayClient) -> None:
    """Set the binary media types of each REST API again, with slashes."""
    for rest_api in api.get_rest_apis()["items"]:
        types: Any = [one.replace("~1", "/") for one in rest_api.get("binaryMediaTypes", [])]
        if types:
            # AWS accepts one type per patch, in the path; the emulator only all of them, as a list.
            patch: Any = {"op": "replace", "path": "/binaryMediaTypes", "value": types}
            api.update_rest_api(restApiId=rest_api["id"], patchOperations=[patch])


def make_concurrency_numeric(functions: LambdaClient) -> None:
    """Set the maximum concurrency of each event source mapping again, as a number."""
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        limit = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
        if limit is not None:
            functions.update_event_source_mapping(
                UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": int(limit)}
            )


def put_webhook(events: Any, bus: str, url: str, secret: str) -> None:
    """Send the events of a bus to an address, as infra/events.yaml does on AWS; "" means to none.

    ``events`` is a client of EventBridge.
    """
    name, on_bus = f"{bus}-webhook"[-64:], {"EventBusName": bus}
    _ignoring_absence(events.remove_targets, Rule=_WEBHOOK, Ids=[_WEBHOOK], **on_bus)
    _ignoring_absence(events.delete_rule, Name=_WEBHOOK, **on_bus)
    _ignoring_absence(events.delete_api_destination, Name=name)
    _ignoring_absence(events.delete_connection, Name=name)
    if not url:
        return
    header = {"ApiKeyName": "x-webhook-secret", "ApiKeyValue": secret}
    connection = events.create_connection(
        Name=name, AuthorizationType="API_KEY", AuthParameters={"ApiKeyAuthParameters": header}
    )
    destination = events.create_api_destination(
        Name=name,
        ConnectionArn=connection["ConnectionArn"],
        InvocationEndpoint=url,
        HttpMethod="POST",
    )
    pattern = json.dumps({"source": ["grok-insights"]})
    events.put_rule(Name=_WEBHOOK, EventPattern=pattern, **on_bus)
    target = {"Id": _WEBHOOK, "Arn": destination["ApiDestinationArn"]}
    events.put_targets(Rule=_WEBHOOK, Targets=[target], **on_bus)


def _ignoring_absence(delete: Callable[..., object], **names: Any) -> None:
    try:
        delete(**names)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


def _declared(template: Mapping[str, Any]) -> Iterator[tuple[str, Responses]]:
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == "AWS::ApiGateway::RestApi":
            yield logical_id, resource["Properties"].get("Body", {}).get(_SECTION, {})


def _request(response: Mapping[str, Any]) -> dict[str, Any]:
    parameters = response.get("responseParameters", {})
    request: dict[str, Any] = {
        # A value that a condition leaves out remains in the processed template as an intrinsic.
        "responseParameters": {k: v for k, v in parameters.items() if isinstance(v, str)},
        "responseTemplates": response.get("responseTemplates", {}),
    }
    if "statusCode" in response:
        request["statusCode"] = str(response["statusCode"])
    return request
