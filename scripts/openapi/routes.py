"""What the functions themselves know of the API: paths, and the models of what routes take."""

from __future__ import annotations

import json
import os
import re
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from grok_insights.checked import Check
from grok_insights.http.request import Takes
from scripts.openapi.operations import JSON

SETTINGS: Final = (
    "CONVERSATIONS_TABLE",
    "INSIGHTS_TABLE",
    "TRENDS_TABLE",
    "STATE_TABLE",
    "ANALYSIS_QUEUE_URL",
    "DEAD_LETTER_QUEUE_URL",
    "CURSOR_KEY",
)
PAGES: Final = re.compile("/(openapi.json|docs|dashboard)")
"""Paths of what people look at, which no program calls."""

REF: Final = "#/components/schemas/{model}"
SAYS_SOMETHING: Final = {"minLength": 1, "pattern": r"\S"}

Schema = dict[str, Any]


def routes() -> tuple[Schema, Schema]:
    """The operations by path and method, and the models by name."""
    # Importing a function builds its parts, which calls nothing but wants its settings.
    os.environ.update({name: os.environ.get(name, "described") for name in SETTINGS})
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    from functions.ingest.app import api as ingest
    from functions.query.app import api as query

    paths: Schema = {}
    models: Schema = {}
    for api in (ingest, query):
        for method, path, takes in api.routes():
            if not PAGES.match(path):
                operation = _operation(path, takes, models)
                paths.setdefault(path, {})[method.lower()] = operation
    return paths, _with_limits(models)


def _operation(path: str, takes: Takes, models: Schema) -> Schema:
    operation: Schema = {}
    parameters = [*_path_parameters(path, takes), *_query_parameters(takes)]
    if parameters:
        operation["parameters"] = parameters
    if takes.body:
        model = _schema(takes.body.schema)
        models[model["title"]] = model
        reference = {"$ref": REF.format(model=model["title"])}
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": reference}}}
    return operation


def _path_parameters(path: str, takes: Takes) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _schema(takes.path[name])}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query_parameters(takes: Takes) -> list[Schema]:
    if takes.query is None:
        return []
    properties: dict[str, Schema] = _schema(takes.query.schema)["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": _without_title(schema)}
        for name, schema in properties.items()
    ]


def _without_title(schema: Schema) -> Schema:
    return {
        name: value
        for name, value in schema.items()
        if name != "title" and (name, value) != ("default", None)
    }


def _schema(check: Check) -> Schema:
    found = GenerateJsonSchema(by_alias=True).generate(check)
    made: Schema = json.loads(json.dumps(found))
    return made


def _with_limits(models: Schema) -> Schema:
    """The models, with what their validators ask for beyond the types."""
    conversation = models["NewConversation"]["properties"]
    conversation["text"] |= {**SAYS_SOMETHING, "maxLength": 100_000}
    conversation["external_id"]["anyOf"][0] |= SAYS_SOMETHING
    conversation["metadata"]["description"] = "At most 8,192 bytes as JSON."
    models["Bulk"]["properties"]["conversations"]["description"] = (
        "Each like NewConversation; what is not is rejected in its own result."
    )
    return models
