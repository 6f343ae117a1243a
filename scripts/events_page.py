"""Write the schemas of events to the documentation from the types that the functions use.

`docs/events.schema.json` has the JSON schema of each event's detail; the tables of `docs/events.md`
are made from it.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from grok_insights.bodies.events import EVENT_BODIES

Schema = dict[str, Any]

DOCS: Final = Path(__file__).parent.parent / "docs"
PAGE: Final = DOCS / "events.md"
SCHEMAS: Final = DOCS / "events.schema.json"

TABLES: Final = re.compile(r"(?<=<!-- tables -->\n).*?(?=<!-- end of tables -->)", re.DOTALL)
"""The part of the page that is written by this module."""


class _Untitled(GenerateJsonSchema):
    """Makes schemas without titles, which would only repeat the names of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's name
        return False


def schemas() -> dict[str, Schema]:
    """Return the JSON schema of the detail of each event, by its type.

    Fields that a schema does not name are allowed, because later versions may add fields.
    """
    found: dict[str, TypeAdapter[Any]] = {
        str(kind): TypeAdapter(body) for kind, body in EVENT_BODIES.items()
    }
    return {
        kind: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **adapter.json_schema(schema_generator=_Untitled),
        }
        for kind, adapter in found.items()
    }


def schemas_text() -> str:
    """Return the JSON text of all schemas."""
    return json.dumps(schemas(), indent=1, ensure_ascii=False) + "\n"


def page_text() -> str:
    """Return the page with new tables."""
    tables = "\n".join(_table(kind, schema) for kind, schema in schemas().items())
    return TABLES.sub(lambda _: f"\n{tables}\n", PAGE.read_text("utf-8"))


def main() -> int:
    """Write or check; return 1 if a file is not current."""
    parser = argparse.ArgumentParser(prog="python -m scripts.events_page", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if not current")
    check: bool = parser.parse_args().check
    wanted = {PAGE: page_text(), SCHEMAS: schemas_text()}
    stale = [
        path
        for path, text in wanted.items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    for path in stale:
        if not check:
            path.write_text(wanted[path], "utf-8")
        print(f"{'not current' if check else 'written'}: docs/{path.name}")
    if check and stale:
        print("`make openapi` writes them again")
    return 1 if check and stale else 0


def _table(kind: str, schema: Schema) -> str:
    rows = [
        f"| `{name}` | {_type(one, schema)} | {_about(name, one, schema)} |"
        for name, one in schema["properties"].items()
    ]
    about = schema["description"].partition(": ")[2]
    head = [f"### {kind}", "", f"{about[0].upper()}{about[1:]}", ""]
    return "\n".join([*head, "| Field | Type | Meaning |", "|---|---|---|", *rows, ""])


def _about(name: str, one: Schema, schema: Schema) -> str:
    absent = "" if name in schema["required"] else " Absent if there is none."
    return f"{one['description']}{absent}"


def _type(one: Schema, schema: Schema) -> str:
    """Return the type of a field in words."""
    kind = _resolved(one, schema)
    if "enum" in kind:
        return ", ".join(f"`{value}`" for value in kind["enum"])
    if kind.get("type") == "array":
        return f"list of {_type(kind['items'], schema)}s"
    return str(kind.get("format") or kind["type"])


def _resolved(one: Schema, schema: Schema) -> Mapping[str, Any]:
    name = one.get("$ref", "").removeprefix("#/$defs/")
    return schema["$defs"][name] if name else one


if __name__ == "__main__":
    sys.exit(main())
