"""The base of all models of input, and the texts for pydantic's errors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from grok_insights.errors import Fault

MAX_FAULTS: Final = 5
"""Faults that one response names for one request, or for one conversation of a bulk request."""

MAX_LOCATION_CHARS: Final = 64
"""Characters of a location: it holds names that a client has sent."""

NOT_BLANK: Final = (
    r"[^\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a"
    r"\u2028\u2029\u202f\u205f\u3000\ufeff]"
)
"""The pattern of a text that is not blank: one character that is no white space. It names each
character, since ``\\S`` means different ones in JavaScript, Python and Rust."""

SNAKE_CASE: Final = r"^[a-z0-9]+(_[a-z0-9]+)*$"
"""The pattern of a name like ``churn_risk``."""

URL: Final = r"^https?://[^\s/]+\S*$"
PARAMETER_NAME: Final = r"^/[a-zA-Z0-9_./-]+$"

DIMENSION: Final = r"^(field\.[a-z0-9]+(_[a-z0-9]+)*|segment\..{1,64})$"
DIMENSION_OR_TOPIC: Final = rf"^topic$|{DIMENSION}"

ALERT_NAME: Final = r"^[a-z0-9]+([_-][a-z0-9]+)*$"
ALERT_LABEL: Final = (
    r"^(sentiment:(positive|negative|neutral)"
    r"|(topic|field\.[a-z0-9]+(_[a-z0-9]+)*|segment\.[^:]{1,64}):.{1,100})$"
)


class Model(BaseModel):
    """The base: unknown names are refused, and a validator is built when it is first used."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True, hide_input_in_errors=True
    )


_WHOLE: Final = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)


def _only_digits(sent: object) -> object:
    """Return what was sent. By itself pydantic would take ``1_0`` and ``5.0`` for numbers."""
    if isinstance(sent, str) and not _WHOLE.fullmatch(sent):
        raise ValueError("must be a whole number")
    return sent


WholeNumber = Annotated[int, BeforeValidator(_only_digits)]
"""A whole number, sent as a text of digits."""

VersionNumber = Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(_only_digits)]
"""The number of a version, in a query. The bounds come first, or a null would hide them."""

_WHOLE_NUMBER: Final = "must be a whole number"
_NUMBER: Final = "must be a number"
_TRUE_OR_FALSE: Final = "must be true or false"
_OBJECT: Final = "must be an object"
_ARRAY: Final = "must be an array"
_STRING: Final = "must be a string"
_UUID: Final = "must be a UUID"
_INSTANT: Final = "must be an instant like 2026-11-23T10:15:00Z, with its zone"

MESSAGES: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "extra_forbidden": "is not a known name",
    "string_type": _STRING,
    "string_sub_type": _STRING,
    "string_unicode": "must not hold half a surrogate pair",
    "string_too_short": "must have {min_length} or more characters",
    "string_too_long": "must have at most {max_length} characters",
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": "must be a finite number",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "bool_type": _TRUE_OR_FALSE,
    "bool_parsing": _TRUE_OR_FALSE,
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "uuid_type": _UUID,
    "uuid_parsing": _UUID,
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "list_type": _ARRAY,
    "tuple_type": _ARRAY,
    "too_short": "must have {min_length} or more items",
    "too_long": "must have at most {max_length} items",
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "datetime_object_invalid": _INSTANT,
    "timezone_aware": _INSTANT,
    "union_tag_not_found": "must have a type",
    "union_tag_invalid": "must have a type that is one of {expected_tags}",
}
"""The messages by pydantic's type of error."""

TAGGED: Final = frozenset({"fields"})
"""Lists whose objects have several types. pydantic adds the type to the location of an error."""

PATTERNS: Final[Mapping[str, str]] = {
    SNAKE_CASE: "must be in snake_case, like churn_risk",
    NOT_BLANK: "must not be blank",
    DIMENSION_OR_TOPIC: "must be topic, field.NAME or segment.NAME",
    ALERT_NAME: "must be lower-case letters and digits with - or _ between them, like many-refunds",
    ALERT_LABEL: "must be topic:NAME, field.NAME:VALUE, segment.NAME:VALUE or sentiment:NAME",
    URL: "must be an address like https://api.example/v1",
    PARAMETER_NAME: "must be the name of an SSM parameter like /grok-insights/prod/grok-api-key",
}
"""The message for a text that does not match a pattern."""


def faults_of(
    errors: Sequence[Mapping[str, Any]], *parents: str, most: int | None = MAX_FAULTS
) -> tuple[Fault, ...]:
    """Return what is wrong, and no value that was sent.

    Parameters
    ----------
    errors : Sequence[Mapping[str, Any]]
        What ``ValidationError.errors()`` returns.
    parents : str
        The names that the model stands under: ``body``, ``query``.
    most : int | None
        Errors after this many are left out; None returns all.
    """
    return tuple(fault(_message(one), *parents, *_place(one["loc"])) for one in errors[:most])


def _place(location: Sequence[str | int]) -> list[str | int]:
    """Return the location of an error as a client knows it, without the types of objects."""
    return [
        name
        for at, name in enumerate(location)
        if not (at >= 2 and location[at - 2] in TAGGED and isinstance(location[at - 1], int))
    ]


def fault(message: str, *names: str | int) -> Fault:
    """Return a fault of the field under these names, which a client may have chosen."""
    location = ".".join(map(str, names))
    is_long = len(location) > MAX_LOCATION_CHARS
    return Fault(location[: MAX_LOCATION_CHARS - 1] + "…" if is_long else location, message)


def _message(error: Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "string_pattern_mismatch":
            pattern = context["pattern"]
            return PATTERNS.get(pattern, f"must match {pattern}")
        case other:
            return MESSAGES.get(other, "is not valid").format(**context)
