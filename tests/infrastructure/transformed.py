"""The template as CloudFormation receives it: transformed offline with SAM's translator."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

from samtranslator.internal.managed_policies import get_bundled_managed_policy_map
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests.template import template

Json = dict[str, Any]


@cache
def transformed(*, layer: str = "key", **parameters: str) -> Json:
    """Return the template after the transform, with some parameters set, the others by default.

    ``layer`` is the key of the layer in S3, which `sam deploy` makes from its content.
    """
    source = copy.deepcopy(template())
    for resource in source["Resources"].values():
        for uri, key in {"CodeUri": "key", "ContentUri": layer, "DefinitionUri": "key"}.items():
            if uri in resource.get("Properties", {}):
                resource["Properties"][uri] = f"s3://bucket/{key}"
    defaults = {
        name: str(declared["Default"])
        for name, declared in source["Parameters"].items()
        if "Default" in declared
    }
    values = {**defaults, "AWS::Region": "us-east-1", "AWS::Partition": "aws", **parameters}
    policies = get_bundled_managed_policy_map("aws") or {}
    done: Json = Translator(policies, Parser()).translate(source, values)
    return done


def of_type(kind: str, **parameters: str) -> dict[str, Json]:
    """Return the resources of one type, by logical id."""
    resources = transformed(**parameters)["Resources"]
    return {name: one for name, one in resources.items() if one["Type"] == kind}


def walk(value: Any) -> Iterator[Any]:
    """Yield a value and everything inside it."""
    yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from walk(inner)
