"""Reads the values of a profile's fields in an answer of Grok. Pure.

It accepts values in another form, such as ``"yes"`` for true. What cannot be a value of the field
becomes null, and is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from grok_insights.domain.insight import FieldValue
from grok_insights.domain.profile import (
    BooleanField,
    EnumField,
    IntegerField,
    Profile,
    ProfileField,
    TextField,
)
from grok_insights.grok import plain_text
from grok_insights.grok.schema import answer_key

_TRUE: Final = frozenset({"true", "yes", "y"})
_FALSE: Final = frozenset({"false", "no", "n"})
_NULL: Final = frozenset({"", "null", "none", "n_a", "na", "unknown", "not_stated", "not_said"})
"""Words for null, as `plain_text.slug` writes them."""

_MAX_DIGITS: Final = 9


@dataclass(slots=True)
class FieldValues:
    """The values by field: those that are counted, and texts. ``invalid`` counts the others."""

    counted: dict[str, FieldValue | None] = field(default_factory=dict)
    texts: dict[str, str | None] = field(default_factory=dict)
    invalid: int = 0


def field_values(found: Mapping[str, Any], profile: Profile) -> FieldValues:
    """Return a value for each field of a profile: null where the answer has none."""
    values = FieldValues()
    for one in profile.fields:
        given = found.get(answer_key(one))
        if isinstance(one, TextField):
            values.texts[one.name] = _text(given, one)
        else:
            values.counted[one.name] = _counted(given, one)
        value = values.texts.get(one.name, values.counted.get(one.name))
        values.invalid += value is None and not _is_null(given)
    return values


def _is_null(given: object) -> bool:
    return given is None or (isinstance(given, str) and plain_text.slug(given) in _NULL)


def _text(given: object, asked: TextField) -> str | None:
    if not isinstance(given, str) or _is_null(given):
        return None
    return plain_text.shortened(given, asked.max_length) or None


def _counted(given: object, asked: ProfileField) -> FieldValue | None:
    match asked:
        case BooleanField():
            return _boolean(given)
        case EnumField(values=values):
            word = plain_text.slug(given) if isinstance(given, str) else None
            return word if word in values else None
        case IntegerField(minimum=minimum, maximum=maximum):
            number = _whole_number(given)
            return number if number is not None and minimum <= number <= maximum else None
        case _:
            return None


def _boolean(given: object) -> bool | None:
    if isinstance(given, bool):
        return given
    word = given.strip(" .!").lower() if isinstance(given, str) else None
    return True if word in _TRUE else False if word in _FALSE else None


def _whole_number(given: object) -> int | None:
    """Return a number without a fraction. The parser of the answer reads integers as floats."""
    if isinstance(given, str) and len(given) <= _MAX_DIGITS:
        word = given.strip()
        return int(word) if word.removeprefix("-").isdecimal() else None
    return int(given) if isinstance(given, float) and given.is_integer() else None
