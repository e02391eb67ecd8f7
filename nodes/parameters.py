"""The base of everything a scenario configures: behaviours, strategies, comparators and its own sections.

A class's fields are its parameters in the scenario file, its docstring is their documentation, and its
`kind` is the name it goes by. Unknown keys are refused with the nearest right one.
"""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, ClassVar, Self, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, TypeAdapter, ValidationError, model_validator
from pydantic.annotated_handlers import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ErrorType

from chain.errors import SimnetError

MAX_LISTED = 20
"""Names that a hint lists."""

MAX_COMPARED = 400
"""Names that a mistyped one is compared with, letter by letter: of more, those that look alike at a glance."""

_PYDANTIC_ERRORS = frozenset(get_args(ErrorType))


class ParameterError(SimnetError, ValueError):
    """A parameter has a value that cannot be; the hint says what can."""

    exit_code = 2


class UnknownKey(ParameterError):
    """A mapping has a key that means nothing there."""


class Parameters(BaseModel):
    """Values that a scenario file sets, checked, and unchangeable once read."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True, allow_inf_nan=False
    )

    kind: ClassVar[str] = ""
    """Name in scenario files; empty for a class that none can name."""

    @classmethod
    def own_keys(cls) -> tuple[str, ...]:
        """Names of the fields, as a scenario file writes them."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def known_keys(cls, value: Any) -> tuple[str, ...]:
        """What a mistyped key of `value` may have meant."""
        return cls.own_keys()

    @model_validator(mode="wrap")
    @classmethod
    def _name_unknown_keys(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Say of each unknown key which right one is the nearest."""
        try:
            return handler(value)
        except ValidationError as error:
            raise _with_unknown_keys_named(error, cls.known_keys(value)) from None

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Write defaults as a scenario file would."""
        described = handler.resolve_ref_schema(handler(schema))
        for name, field in cls.model_fields.items():
            shown = described.get("properties", {}).get(field.alias or name, {})
            if "default" in shown:
                annotated: Any = Annotated[(field.annotation, *field.metadata, name)]
                shown["default"] = TypeAdapter(annotated).dump_python(field.default, mode="json", by_alias=True)
        return described


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A hint that is looked for when it is read, since of many errors few are shown."""

    name: str
    known: Iterable[str]

    def __str__(self) -> str:
        names = sorted(self.known)
        likely = names if len(names) <= MAX_COMPARED else self._likely(names)
        if near := difflib.get_close_matches(self.name[:100], likely, n=1):
            return f"did you mean '{near[0]}'?"
        if not names:
            return "there is none"
        return f"expected one of {', '.join(names[:MAX_LISTED])}" + (", …" if len(names) > MAX_LISTED else "")

    def _likely(self, names: Sequence[str]) -> list[str]:
        """A few of the sorted names: those that end alike, and those that the alphabet puts beside it."""
        half = MAX_COMPARED // 2
        tail = self.name[-max(1, len(self.name) // 2) :]
        place = max(0, bisect_left(names, self.name) - half // 2)
        return [*islice((name for name in names if name.endswith(tail)), half), *names[place : place + half]]


Hint: TypeAlias = str | Suggestion
"""What to do about a mistake."""


def did_you_mean(name: str, known: Iterable[str]) -> Suggestion:
    """A hint: the nearest known name, or else all of them. `known` must stay as it is."""
    return Suggestion(name, known)


def _with_unknown_keys_named(error: ValidationError, known: Iterable[str]) -> ValidationError:
    details = []
    for entry in error.errors(include_url=False):
        kind: str | PydanticCustomError = entry["type"]
        context = entry.get("ctx", {})
        if kind == "extra_forbidden" and len(entry["loc"]) == 1:
            key = str(entry["loc"][0])
            kind, context = "value_error", {"error": UnknownKey(f"unknown key '{key}'", did_you_mean(key, known))}
        elif kind not in _PYDANTIC_ERRORS:
            kind = PydanticCustomError("custom", "{text}", {"text": entry["msg"]})
        details.append(InitErrorDetails(type=kind, loc=entry["loc"], input=entry["input"], ctx=context))
    return ValidationError.from_exception_data(error.title, details)
