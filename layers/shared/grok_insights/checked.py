"""Dataclasses whose input is checked, by pydantic's core alone.

pydantic would make the checks out of annotations. To import it takes a third of the time in which
two AWS clients are made, at every cold start; here each field names its check instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

from pydantic_core import SchemaValidator
from pydantic_core import core_schema as core

if TYPE_CHECKING:
    from enum import Enum

T = TypeVar("T")
Check = core.CoreSchema

TEXT: Final[Check] = core.str_schema()
"""What a field without a check must be."""


def check(by: Check, *, name: str | None = None) -> dict[str, Any]:
    """The metadata of a dataclass' field: what checks it, and the name it is sent under."""
    return {"check": by, "name": name}


def one_of(choices: type[Enum]) -> Check:
    """A check for one of a few texts."""
    return core.enum_schema(choices, list(choices), sub_type="str")


class Checked(Generic[T]):
    """Makes one kind of dataclass out of what was sent.

    Parameters
    ----------
    cls : type[T]
        The dataclass. Its ``__post_init__`` may raise ``ValueError`` for what fields cannot say.
    names : Callable[[str], str]
        From a field's name to the name that it is sent under.
    others : Literal["forbid", "ignore"]
        What becomes of other names that were sent.
    """

    def __init__(
        self,
        cls: Callable[..., T],
        *,
        names: Callable[[str], str] = str,
        others: Literal["forbid", "ignore"] = "forbid",
    ) -> None:
        made: Mapping[str, core.TypedDictField] = {
            field.name: _checked(field, names)
            for field in fields(cls)  # type: ignore[arg-type]
        }
        sent = core.typed_dict_schema(dict(made), cls=cls, extra_behavior=others)  # type: ignore[arg-type]
        self.schema: Check = core.no_info_after_validator_function(lambda sent: cls(**sent), sent)
        self._validator = SchemaValidator(self.schema, {"hide_input_in_errors": True})

    def read(self, sent: object) -> T:
        """What was sent, as the dataclass.

        Raises
        ------
        pydantic_core.ValidationError
            Something is wrong with it; ``errors()`` has all that is.
        """
        made: T = self._validator.validate_python(sent)
        return made


def _checked(field: Field[Any], names: Callable[[str], str]) -> core.TypedDictField:
    schema = field.metadata.get("check", TEXT)
    alias = field.metadata.get("name") or names(field.name)
    if field.default is MISSING:
        return core.typed_dict_field(schema, required=True, validation_alias=alias)
    schema = core.with_default_schema(schema, default=field.default)
    return core.typed_dict_field(schema, required=False, validation_alias=alias)
