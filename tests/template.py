"""The template as data, with intrinsic functions as ``{"Ref": …}`` and the like."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]  # ships no types

PATH = Path(__file__).parent.parent / "template.yaml"


@cache
def template() -> dict[str, Any]:
    """The whole template."""
    loaded: dict[str, Any] = json.loads(json.dumps(cfn_yaml.load(str(PATH))))
    return loaded


def resources(of_type: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of one type, by logical id."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template()["Resources"].items()
        if resource["Type"] == of_type
    }
