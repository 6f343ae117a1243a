"""The JSON schemas of all requests and responses, from the models that the functions use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

Schema = dict[str, Any]

REF: Final = "#/components/schemas/{model}"
SUFFIX: Final = "Body"
"""The suffix of a response type's name, which its schema's name does not have."""


class ConciseSchema(GenerateJsonSchema):
    """Make schemas without redundant entries."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's name
        """Leave out titles that only repeat a field's name."""
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Leave out a default of null, which says only that the field is optional."""
        if schema.get("default") is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        """Add that a response has only the named fields."""
        return {**super().typed_dict_schema(schema), "additionalProperties": False}


def schemas(models: Iterable[type]) -> dict[str, Schema]:
    """Return the schemas, by name, of the models and of all types that they contain.

    Parameters
    ----------
    models : Iterable[type]
        Models of requests, and typed dictionaries of responses.
    """
    inputs: list[tuple[type, JsonSchemaMode, TypeAdapter[Any]]] = [
        (model, "validation", TypeAdapter(model)) for model in dict.fromkeys(models)
    ]
    _, found = TypeAdapter.json_schemas(inputs, schema_generator=ConciseSchema, ref_template=REF)
    known = {name_of(name): _renamed(schema) for name, schema in found["$defs"].items()}
    for schema in known.values():
        schema.pop("title", None)
    return {name: _referring(schema, known) for name, schema in known.items()}


def name_of(name: str) -> str:
    """Return the name of the schema of a type with this name."""
    return name.removesuffix(SUFFIX)


def _renamed(value: Any) -> Any:
    """Return a schema whose references name schemas, not types."""
    if isinstance(value, list):
        return [_renamed(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: name_of(one) if key == "$ref" else _renamed(one) for key, one in value.items()}


def _referring(schema: Schema, known: dict[str, Schema]) -> Schema:
    """Return a schema that refers to another schema instead of repeating it."""
    return {key: _inner(value, known) for key, value in schema.items()}


def _inner(value: Any, known: dict[str, Schema]) -> Any:
    if isinstance(value, list):
        return [_inner(one, known) for one in value]
    if not isinstance(value, dict):
        return value
    plain = {key: one for key, one in value.items() if key != "title"}
    same = [name for name, schema in known.items() if schema == plain and "properties" in schema]
    return {"$ref": REF.format(model=same[0])} if same else _referring(value, known)
