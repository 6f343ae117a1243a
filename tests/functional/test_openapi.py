"""The description of the API: what it describes, and that its examples work unchanged."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from moto import mock_aws

from functions.ingest.app import create_app
from functions.jobs.app import create_app as jobs_app
from grok_insights import wiring
from grok_insights.domain.alert_rules import AlertRule
from grok_insights.domain.conversation import conversation_id
from grok_insights.domain.job import Job, JobKind, JobStatus, NewJob, Upload
from grok_insights.http import HttpHandler
from grok_insights.wiring import Parts
from scripts.openapi.document import document
from scripts.openapi.examples import FAILED_SAMPLE, JOB_ID, NEW_ALERT_RULE, UPLOAD_ID
from tests.builders import NOW, LambdaContext, api_event, failed_insight, insight
from tests.functional.conftest import Clock, make_parts
from tests.functional.imports import Imports
from tests.functional.previews import Invocations
from tests.functional.query import Query, response_of

SAMPLES = Path(__file__).parents[2] / "scripts/samples.jsonl"
OPERATIONS = [
    (method, path, operation)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
]


def schemas(value: Any) -> Iterator[dict[str, Any]]:
    """Return every object of the description that may be a schema."""
    if isinstance(value, list):
        for one in value:
            yield from schemas(one)
    elif isinstance(value, dict):
        yield value
        for name, one in value.items():
            if name not in {"example", "examples", "discriminator"}:
                yield from schemas(one)


def test_every_operation_tag_schema_field_and_parameter_is_described() -> None:
    described = document()
    components = described["components"]
    things = [
        *((tag["name"], tag) for tag in described["tags"]),
        *((operation["operationId"], operation) for _, _, operation in OPERATIONS),
        *((one["name"], one) for _, _, operation in OPERATIONS for one in operation["parameters"]),
        *components["schemas"].items(),
        *(
            (name, field)
            for schema in components["schemas"].values()
            for name, field in schema.get("properties", {}).items()
        ),
        *components["securitySchemes"].items(),
    ]
    assert [name for name, thing in things if not thing.get("description")] == []
    assert all(operation["summary"] for _, _, operation in OPERATIONS)


def test_no_default_is_null_and_every_enum_is_written_once() -> None:
    found = list(schemas(document()))
    assert [one for one in found if one.get("default", "") is None] == []
    enums = Counter(str(one["enum"]) for one in found if "enum" in one and "default" not in one)
    assert {enum for enum, times in enums.items() if times > 1} == set()


def test_the_items_of_a_bulk_request_are_typed() -> None:
    bulk = document()["components"]["schemas"]["NewConversations"]["properties"]["conversations"]
    assert bulk["items"] == {"$ref": "#/components/schemas/NewConversation"}
    assert (bulk["minItems"], bulk["maxItems"]) == (1, 500)


def test_filters_by_label_are_parameters_of_their_own_with_names_of_one_pattern() -> None:
    objects = [
        one
        for _, _, operation in OPERATIONS
        for one in operation["parameters"]
        if one["schema"].get("type") == "object"
    ]
    assert objects
    for one in objects:
        assert (one["style"], one["explode"]) == ("form", True)
        assert "segment" in one["schema"]["propertyNames"]["pattern"]


def test_the_licence_and_a_contact_are_named() -> None:
    assert document()["info"]["license"] == {"name": "MIT", "identifier": "MIT"}
    assert document()["info"]["contact"]["name"]


@pytest.fixture(scope="module")
def sampled() -> Iterator[Query]:
    """Return the state after `make run`: the samples, each with its insight; and an alert."""
    with mock_aws():
        query = Query(make_parts(Clock()))
        samples = [json.loads(line) for line in SAMPLES.read_text("utf-8").splitlines()]
        sent = api_event("POST", "/api/v1/conversations/bulk", {"conversations": samples})
        assert create_app(query.parts)(sent, LambdaContext())["statusCode"] == 202
        ids = [conversation_id(one["external_id"], uuid4) for one in samples]
        ids.remove(FAILED_SAMPLE)
        query.save(insight(conversation_id=one) for one in ids)
        query.save([failed_insight(conversation_id=FAILED_SAMPLE)])
        query.parts.proposals.add(Counter(broken_lid=12))
        Imports(query.parts)
        breach(query.parts)
        yield query


def breach(parts: Parts) -> None:
    """Add the alert rule of the examples, and evaluate it."""
    rule = AlertRule.model_validate(NEW_ALERT_RULE)
    counted = wiring.alerts(parts).trends.windows.counted([rule], NOW)
    parts.alerts.change(lambda book: book.with_rule(rule).evaluated(counted, NOW))


def job_handler(parts: Parts, path: str) -> HttpHandler[Any]:
    """Return the handler of the jobs function, with the upload and the job of the examples."""
    use_case = wiring.jobs(parts)
    upload = Upload(
        id=UPLOAD_ID, key="uploads/x", s3_upload_id="completed", name="x", size=9, created_at=NOW
    )
    job = Job(
        id=JOB_ID,
        kind=JobKind.IMPORT,
        status=JobStatus.CANCELLED if path.endswith("/start") else JobStatus.RUNNING,
        created_at=NOW,
        started_at=NOW,
        updated_at=NOW,
        options=NewJob(kind=JobKind.IMPORT, upload_id=UUID(UPLOAD_ID)),
        upload=upload,
    )
    use_case.jobs.add_upload(upload)
    use_case.jobs.add(job)
    return jobs_app(parts)


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [one for one in OPERATIONS if one[1] != "/metrics"],
    ids=[one[2]["operationId"] for one in OPERATIONS if one[1] != "/metrics"],
)
def test_an_example_gives_a_result_when_it_is_sent_as_it_is(
    sampled: Query, method: str, path: str, operation: dict[str, Any]
) -> None:
    filled = {one["name"]: one["example"] for one in operation["parameters"] if "example" in one}
    query = {
        one["name"]: str(one["schema"].get("default", "")).lower()
        for one in operation["parameters"]
        if one["in"] == "query" and "default" in one["schema"]
    }
    query |= {
        one["name"]: one["example"]
        for one in operation["parameters"]
        if one["in"] == "query" and one["required"]
    }
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    headers = {
        one["name"]: one["example"] for one in operation["parameters"] if one["in"] == "header"
    }
    event = api_event(
        method.upper(), path.format(**filled), body.get("example"), query=query, headers=headers
    )
    if operation["tags"] == ["Jobs"]:
        response = response_of(job_handler(sampled.parts, path), event)
    elif method == "get":
        response = sampled.send(event)
    else:
        invocations = Invocations(sampled.parts)
        parts = replace(sampled.parts, lambda_=lambda: invocations.client)
        response = response_of(create_app(parts), event)
    assert 200 <= response.status < 300
    assert method != "get" or response.status == 200
    assert response.body.get("items", True) if isinstance(response.body, dict) else True
