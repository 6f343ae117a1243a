"""The API in API Gateway: one stage, pages without a key, and the gateway's own errors."""

from __future__ import annotations

import json
from typing import Any

from tests.infrastructure.transformed import of_type
from tests.template import resources

OPEN_PAGES = {
    "/",
    "/health",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/docs/{name}",
    "/dashboard",
    "/dashboard/{name}",
}
"""Pages without a key at the gateway; the query function checks the key of /metrics itself."""

POLICY_LIMIT_BYTES = 20 * 1024
"""Size limit of a function's policy:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""


def body() -> dict[str, Any]:
    """Return the description from which SAM makes the API."""
    [api] = of_type("AWS::ApiGateway::RestApi").values()
    found: dict[str, Any] = api["Properties"]["Body"]
    return found


def needs_key(path: str, method: str) -> bool:
    """Whether the gateway requires a key for a request."""
    return {"api_key": []} in body()["paths"][path][method].get("security", [])


def test_there_is_one_stage() -> None:
    """Without `OpenApiVersion` SAM makes a second, public stage without throttle or firewall."""
    [stage] = of_type("AWS::ApiGateway::Stage").values()
    assert stage["Properties"]["StageName"] == {"Ref": "StageName"}
    for deployment in of_type("AWS::ApiGateway::Deployment").values():
        assert "StageName" not in deployment["Properties"]


def test_every_deployment_deploys_the_api() -> None:
    """SAM itself does not detect that a parameter has another value."""
    [api] = resources("AWS::Serverless::Api").values()
    assert api["AlwaysDeploy"] is True


def test_open_pages_and_their_heads_need_no_key_and_all_else_does() -> None:
    open_methods = {
        (path, method)
        for path, methods in body()["paths"].items()
        for method in methods
        if not needs_key(path, method)
    }
    both = {(page, method) for page in OPEN_PAGES for method in ("get", "head")}
    # A browser sends no key with a preflight.
    assert open_methods == both | {("/{proxy+}", "options")}


def test_a_request_that_has_no_route_reaches_the_query_function() -> None:
    methods = body()["paths"]["/{proxy+}"]
    assert set(methods) == {"get", "head", "post", "put", "patch", "delete", "options"}
    for method in methods.values():
        assert "QueryFunction" in json.dumps(method["x-amazon-apigateway-integration"])


def test_the_gateways_own_errors_are_problems_that_nobody_keeps() -> None:
    responses = body()["x-amazon-apigateway-gateway-responses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "INVALID_API_KEY", "THROTTLED"} <= set(responses)
    for name, response in responses.items():
        headers = response["responseParameters"]
        assert headers["gatewayresponse.header.Cache-Control"] == "'no-store'", name
        assert "problem+json" in headers["gatewayresponse.header.Content-Type"], name
        assert '"type":"about:blank"' in response["responseTemplates"]["application/json"], name


def test_the_query_functions_policy_has_room_for_its_routes() -> None:
    permissions = [
        one["Properties"]
        for name, one in of_type("AWS::Lambda::Permission").items()
        if name.startswith("QueryFunction")
    ]
    assert sum(map(statement_bytes, permissions)) < POLICY_LIMIT_BYTES


def statement_bytes(permission: dict[str, Any]) -> int:
    """Return the size of a permission in a function's policy, with the longest names."""
    function = f"arn:aws:lambda:ap-southeast-1:123456789012:function:{'f' * 64}:live"
    [source, values] = permission["SourceArn"]["Fn::Sub"]
    path = source.replace("${__ApiId__}", "a" * 10).replace("${__Stage__}", "*")
    arn = path.replace("${AWS::Partition}", "aws").replace("${AWS::Region}", "ap-southeast-1")
    assert set(values) == {"__ApiId__", "__Stage__"}
    statement = {
        "Sid": "s" * 100,
        "Effect": "Allow",
        "Principal": {"Service": permission["Principal"]},
        "Action": permission["Action"],
        "Resource": function,
        "Condition": {"ArnLike": {"AWS:SourceArn": arn.replace("${AWS::AccountId}", "1" * 12)}},
    }
    return len(json.dumps(statement, separators=(",", ":"))) + len(",")
