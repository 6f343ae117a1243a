"""Puts the description together: both functions' routes, with the words and answers of each."""

from __future__ import annotations

import json
from typing import Final

from pydantic.json_schema import models_json_schema

from grok_insights import __version__
from scripts.openapi.answers import ALL
from scripts.openapi.operations import (
    HEADERS,
    JSON,
    OPERATIONS,
    PARAMETERS,
    PROBLEM,
    RATE,
    REFUSALS,
    Answer,
    Operation,
    title,
)
from scripts.openapi.routes import REF, Schema, routes

SCHEMES: Final = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "Bearer": {"type": "http", "scheme": "bearer", "description": "The API key as a token."},
}


def document() -> Schema:
    """The whole description."""
    paths, requests = routes()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Grok Insights",
            "version": __version__,
            "description": "Customer conversations in, insights out.",
        },
        "servers": [{"url": ".", "description": "Where this description is served"}],
        "tags": [{"name": name} for name in ("Conversations", "Insights", "Operations")],
        "paths": _paths(paths),
        "components": {
            "schemas": dict(sorted({**requests, **_answers()}.items())),
            "headers": {
                name: {"description": text, "schema": schema}
                for name, (text, schema) in HEADERS.items()
            },
            "securitySchemes": SCHEMES,
        },
    }


def _answers() -> Schema:
    _, schema = models_json_schema([(model, "serialization") for model in ALL], by_alias=True)
    definitions = json.loads(json.dumps(schema["$defs"]).replace("#/$defs/", REF.format(model="")))
    found: Schema = definitions
    return found


def _paths(paths: Schema) -> Schema:
    """Every operation with its words, in the order of the table.

    Raises
    ------
    KeyError
        A route has no words, or words have no route.
    """
    found = {(method, path) for path, methods in paths.items() for method in methods}
    if found != OPERATIONS.keys():
        raise KeyError(f"routes and their descriptions differ: {found ^ OPERATIONS.keys()}")
    described: Schema = {}
    for (method, path), words in OPERATIONS.items():
        described.setdefault(path, {})[method] = _operation(paths[path][method], words)
    return described


def _operation(route: Schema, words: Operation) -> Schema:
    operation: Schema = {
        "operationId": words.identity,
        "tags": [words.tag],
        "summary": words.summary,
        "security": words.security,
    }
    if words.description:
        operation["description"] = words.description
    if "parameters" in route:
        operation["parameters"] = [_parameter(one) for one in route["parameters"]]
    if "requestBody" in route:
        operation["requestBody"] = route["requestBody"]
        operation["requestBody"]["content"][JSON]["example"] = words.body_example
    limited = RATE if words.tag != "Operations" else ()
    operation["responses"] = {
        str(status): answer
        for status, answer in sorted(
            {
                **{status: _refusal(status, limited) for status in words.refusals},
                **{status: _answer(answer, limited) for status, answer in words.answers.items()},
            }.items()
        )
    }
    return operation


def _parameter(parameter: Schema) -> Schema:
    text, example = PARAMETERS[parameter["name"]]
    described = {**parameter, "description": text}
    return described if example is None else {**described, "example": example}


def _answer(answer: Answer, limited: tuple[str, ...]) -> Schema:
    content: Schema = {}
    if answer.model is not None:
        content[answer.media_type] = {"schema": {"$ref": REF.format(model=answer.model)}}
        if answer.example is not None:
            content[answer.media_type]["example"] = answer.example
    elif answer.media_type != JSON:
        content[answer.media_type] = {"schema": {"type": "string"}}
    return _response(answer.meaning, content, (*answer.headers, *limited))


def _refusal(status: int, limited: tuple[str, ...]) -> Schema:
    meaning, headers = REFUSALS[status]
    example = {"type": "about:blank", "title": title(status), "status": status, "detail": meaning}
    content = {PROBLEM: {"schema": {"$ref": REF.format(model="Problem")}, "example": example}}
    # A wrong key is refused by API Gateway, which knows no rate limit.
    return _response(meaning, content, (*headers, *(() if status == 403 else limited)))


def _response(meaning: str, content: Schema, headers: tuple[str, ...]) -> Schema:
    response: Schema = {"description": meaning}
    if content:
        response["content"] = content
    if headers:
        response["headers"] = {
            name: {"$ref": f"#/components/headers/{name}"} for name in dict.fromkeys(headers)
        }
    return response
