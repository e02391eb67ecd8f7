"""Fields that hold one member of a family, chosen by its `kind`.

In the file such a field is a mapping with a key ``kind`` and the member's own parameters, or just the
kind. A fault is a mapping with a key that is its kind, its verb. The members are looked up when a scenario is read,
so that plugins count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError, ValidationInfo
from pydantic.annotated_handlers import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, core_schema

from nodes.parameters import ParameterError, Parameters, did_you_mean
from simnet.faults.fault import Fault
from simnet.plugins import BEHAVIOURS, COMPARATORS, STRATEGIES, Family, faults, members

BESIDE_THE_VERB = ("at", "for")
"""Keys of a fault that are no verbs."""


@dataclass(frozen=True)
class Kinded:
    """Annotation of a field that holds a member of `family`."""

    family: Family

    def read(self, value: Any, info: ValidationInfo) -> Parameters:
        """The member that `value` describes."""
        if isinstance(value, self.family.base_class()):
            return value
        described = {"kind": value} if isinstance(value, str) else value
        if not isinstance(described, dict):
            raise ParameterError(f"a {self.family.noun} is a kind, or a mapping with a key 'kind'")
        if "kind" not in described:
            raise ParameterError("key 'kind' is missing", did_you_mean("", members(self.family)))
        kind = described["kind"]
        member = members(self.family).get(kind) if isinstance(kind, str) else None
        if member is None:
            hint = did_you_mean(str(kind), members(self.family))
            raise error_at("kind", ParameterError(f"unknown {self.family.noun} '{kind}'", hint), kind)
        return member.model_validate(
            {key: part for key, part in described.items() if key != "kind"}, context=info.context
        )

    def write(self, value: Parameters) -> dict[str, Any]:
        """The mapping that `read` makes `value` of."""
        return {"kind": value.kind, **value.model_dump(mode="json", by_alias=True)}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            self.read, serialization=core_schema.plain_serializer_function_ser_schema(self.write)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        shorthand = {"enum": list(members(self.family))}
        return {"oneOf": [shorthand, *(describe(member, "kind", handler) for member in members(self.family).values())]}


@dataclass(frozen=True)
class Verbed:
    """Annotation of a field that holds a fault."""

    def read(self, value: Any, info: ValidationInfo) -> Fault:
        """The fault that `value` describes."""
        if isinstance(value, Fault):
            return value
        known = faults()
        example = "such as {at: 10 min, partition: [eu-west], for: 60 s}"
        expected = f"expected 'at' and one of {', '.join(known)}, {example}"
        if not isinstance(value, dict):
            raise ParameterError("a fault is a mapping", expected)
        verbs = [key for key in value if key in known]
        if len(verbs) != 1:
            others = [key for key in value if key not in (*BESIDE_THE_VERB, *known)]
            if verbs or not others:
                raise ParameterError("a fault has exactly one verb", expected)
            raise ParameterError(f"unknown fault '{others[0]}'", did_you_mean(str(others[0]), known))
        return known[verbs[0]].model_validate(value, context=info.context)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        write = core_schema.plain_serializer_function_ser_schema(
            lambda fault: fault.model_dump(mode="json", by_alias=True, exclude_none=True)
        )
        return core_schema.with_info_plain_validator_function(self.read, serialization=write)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        verbs = faults().values()
        return {"oneOf": [f.__get_pydantic_json_schema__(f.__pydantic_core_schema__, handler) for f in verbs]}


BEHAVIOUR = Kinded(BEHAVIOURS)
STRATEGY = Kinded(STRATEGIES)
COMPARATOR = Kinded(COMPARATORS)
FAULT = Verbed()


def describe(member: type[Parameters], key: str, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
    """JSON schema of a mapping that chooses `member` by `key` and sets its parameters."""
    described = member.__get_pydantic_json_schema__(member.__pydantic_core_schema__, handler)
    properties = {key: {"const": member.kind}, **described.get("properties", {})}
    return {**described, "properties": properties, "required": [key, *described.get("required", ())]}


def error_at(key: str, error: ParameterError, value: Any) -> ValidationError:
    """A validation error that belongs to `key` of the mapping under validation."""
    details = InitErrorDetails(type="value_error", loc=(key,), input=value, ctx={"error": error})
    return ValidationError.from_exception_data("scenario", [details])
