r"""Parameter values for SAM CLI and from samconfig.toml, with any characters.

SAM CLI removes one pair of quotes from a value, and the backslash from ``\ ``, ``\"`` and ``\'``,
twice for a value from a file. On the command line it also ends a value at the first blank. See
``CfnParameterOverridesType`` in https://github.com/aws/aws-sam-cli/blob/develop/samcli/cli/types.py
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

_UNESCAPED: Final = re.compile(r"([ \"'])")
_OTHER_FORMS: Final = ("file://", "ParameterKey=")


def write_overrides(path: Path, values: Mapping[str, str]) -> str:
    """Write a file of parameter values, and return the argument of `--parameter-overrides` for it.

    The name must end in ``.yaml``, from which SAM CLI knows the format. Only the user can read the
    file, since values can be secret.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    escaped = {name: _escaped(_escaped(value)) for name, value in values.items()}
    path.write_text(
        yaml.safe_dump(escaped, default_style='"', width=float("inf")), encoding="ascii"
    )
    return f"file://{path}"


def read_overrides(given: Any) -> dict[str, str]:
    """Return the values of `parameter_overrides` in samconfig.toml, by parameter.

    One entry of a list is one parameter, and its value extends to the end of the entry. For ``sam
    deploy`` by hand, a value with blanks needs quotes in the entry; they are read the same way
    here.
    """
    from samcli.cli.types import CfnParameterOverridesType  # takes half a second

    if isinstance(given, list):
        given = [_entry(one) if isinstance(one, str) else one for one in given]
    found: dict[str, str] = CfnParameterOverridesType().convert(given, None, None)
    return found


def _escaped(value: str) -> str:
    escaped = _UNESCAPED.sub(r"\\\1", value)
    return f'"{escaped}"'


def _entry(text: str) -> str | dict[str, str]:
    name, equals, value = text.partition("=")
    return text if text.startswith(_OTHER_FORMS) or not equals else {name: value}
