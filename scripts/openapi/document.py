"""Build the description from the routes of both functions and the texts of each operation."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from grok_insights import __version__
from grok_insights.bodies.problem import ProblemBody
from grok_insights.http.router import Route
from scripts.openapi.models import REF, Schema, name_of, schemas
from scripts.openapi.operations import (
    HEADERS,
    OPERATIONS,
    RATE,
    REFUSALS,
    TAGS,
    Operation,
    SuccessResponse,
    title,
)

SETTINGS: Final = (
    "CONVERSATIONS_TABLE",
    "INSIGHTS_TABLE",
    "VERSIONS_TABLE",
    "TRENDS_TABLE",
    "STATE_TABLE",
    "ANALYSIS_QUEUE_URL",
    "DEAD_LETTER_QUEUE_URL",
    "CURSOR_KEY",
)
PAGES: Final = ("/openapi.json", "/docs", "/docs/<name>", "/dashboard", "/dashboard/<name>", "/")
"""Paths of web pages, which no program calls."""

NOT_SHOWN: Final = {
    "AlertsQuery",
    "ByAlertName",
    "ByExternalId",
    "ById",
    "ByJob",
    "ByTopic",
    "ByUpload",
    "ByVersion",
    "JobsQuery",
    "ListQuery",
    "MoversQuery",
    "Nothing",
    "OverviewQuery",
    "PutProfileQuery",
    "TrendsQuery",
    "VersionsQuery",
}
"""Models of paths and queries: the description lists their fields as parameters."""

IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the version that is replaced, or `*` for any.",
    "schema": {"type": "string"},
    "example": "*",
}
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
INFO: Final = {
    "title": "Grok Insights",
    "version": __version__,
    "description": "Sends customer conversations to Grok, and returns what it says of them.",
    "contact": {"name": "The maintainers of Grok Insights"},
    "license": {"name": "MIT", "identifier": "MIT"},
}
SCHEMES: Final = {
    "ApiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "x-api-key",
        "description": "The API key.",
    },
    "Bearer": {"type": "http", "scheme": "bearer", "description": "The API key as a token."},
}

Key = tuple[str, str]
"""A method in lower case, and a path as OpenAPI writes it."""


def document() -> Schema:
    """Return the whole description."""
    routes = {_key(route): route for route in _routes()}
    _check(routes)
    models = schemas(_models(routes.values()))
    paths: Schema = {}
    for (method, path), words in OPERATIONS.items():
        operation = _operation(routes[method, path], words, models)
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": [{"url": ".", "description": "Where this description is served"}],
        "tags": [{"name": name, "description": words} for name, words in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": {name: models[name] for name in sorted(models.keys() - NOT_SHOWN)},
            "headers": {
                name: {"description": text, "schema": schema}
                for name, (text, schema) in HEADERS.items()
            },
            "securitySchemes": SCHEMES,
        },
    }


def _routes() -> list[Route]:
    # Importing a function builds its parts: this calls no service, but it needs the settings.
    os.environ.update({name: os.environ.get(name, "described") for name in SETTINGS})
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    from functions.ingest.app import router as ingest
    from functions.jobs.app import router as jobs
    from functions.query.app import router as query

    routes = (*ingest.routes, *query.routes, *jobs.routes)
    return [route for route in routes if route.path not in PAGES]


def _key(route: Route) -> Key:
    return route.method.lower(), re.sub(r"<(\w+)>", r"{\1}", route.path)


def _check(routes: Collection[Key]) -> None:
    """Check that each route has texts, and all texts have a route.

    Raises
    ------
    KeyError
        They differ.
    """
    if set(routes) != OPERATIONS.keys():
        raise KeyError(f"routes and their words differ: {set(routes) ^ OPERATIONS.keys()}")


def _models(routes: Iterable[Route]) -> Iterator[type]:
    yield ProblemBody
    for route in routes:
        models = (route.models.path, route.models.query, route.models.body)
        yield from (model for model in models if model)
    for words in OPERATIONS.values():
        yield from (response.body for response in words.responses.values() if response.body)


def _operation(route: Route, words: Operation, models: Schema) -> Schema:
    limited = RATE if words.tag != "Operations" else ()
    refusals = {status: _refusal(status, limited) for status in words.refusals}
    responses = {
        status: _success(response, limited) for status, response in words.responses.items()
    }
    operation: Schema = {
        "operationId": words.identity,
        "tags": [words.tag],
        "summary": (inspect.getdoc(route.function) or "").partition("\n")[0].removesuffix("."),
        "description": words.description,
        "security": words.security,
        "parameters": [*_parameters(route, words, models)],
        "responses": {
            str(status): one for status, one in sorted({**refusals, **responses}.items())
        },
    }
    if route.models.body:
        content = {"schema": _reference(route.models.body), "example": words.body_example}
        operation["requestBody"] = {
            "description": models[route.models.body.__name__]["description"],
            "required": True,
            "content": {JSON: content},
        }
    return operation


def _parameters(route: Route, words: Operation, models: Schema) -> Iterator[Schema]:
    """Return the parameters of the path and of the query; those that are required have an example.

    Swagger UI fills in examples, and each filter would only shorten the list.
    """
    if route.models.path:
        for name, schema in models[route.models.path.__name__]["properties"].items():
            example = {"example": words.example_id}
            yield {"name": name, "in": "path", "required": True, **_described(schema), **example}
    if words.needs_if_match:
        yield IF_MATCH
    query = models[route.models.query.__name__]
    for name, schema in query.get("properties", {}).items():
        required = name in query.get("required", ())
        example = {"example": words.example_external_id} if required else {}
        parameter = {"name": name, "in": "query", "required": required, **_described(schema)}
        yield _exploded({**parameter, **example})


def _described(schema: Schema) -> Schema:
    """Return a parameter's description and its schema. A parameter of a query is never null."""
    inner = dict(schema)
    description = inner.pop("description")
    for one in inner.pop("anyOf", ()):
        inner |= one if one != {"type": "null"} else {}
    return {"description": description, "schema": inner}


def _exploded(parameter: Schema) -> Schema:
    """Return an object as many parameters, one for each of its properties; others as they are.

    Generators of clients know ``propertyNames`` better than ``patternProperties``.
    """
    schema = parameter["schema"]
    if schema.get("type") != "object":
        return parameter
    [(pattern, values)] = schema.pop("patternProperties").items()
    schema |= {"propertyNames": {"pattern": pattern}, "additionalProperties": values}
    return {**parameter, "style": "form", "explode": True}


def _success(response: SuccessResponse, limited: tuple[str, ...]) -> Schema:
    content: Schema = {}
    if response.body is not None:
        content[response.media_type] = {"schema": _reference(response.body)}
        if response.example is not None:
            content[response.media_type]["example"] = response.example
    elif response.media_type != JSON:
        content[response.media_type] = {"schema": {"type": "string"}}
    return _response(response.meaning, content, (*response.headers, *limited))


def _refusal(status: int, limited: tuple[str, ...]) -> Schema:
    meaning, headers = REFUSALS[status]
    example = {"type": "about:blank", "title": title(status), "status": status, "detail": meaning}
    content = {PROBLEM: {"schema": _reference(ProblemBody), "example": example}}
    # A wrong key is refused by API Gateway, which knows no rate limit.
    return _response(meaning, content, (*headers, *(() if status == 403 else limited)))


def _reference(model: type) -> Schema:
    return {"$ref": REF.format(model=name_of(model.__name__))}


def _response(meaning: str, content: Schema, headers: tuple[str, ...]) -> Schema:
    named = {name: {"$ref": f"#/components/headers/{name}"} for name in dict.fromkeys(headers)}
    response: Schema = {"description": meaning, "content": content, "headers": named}
    return {key: value for key, value in response.items() if value}
