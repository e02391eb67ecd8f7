"""Scenario section ``adversaries``: which participants behave how, when and how often."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic.annotated_handlers import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from chain.units import Duration, NodeCount, Share
from nodes.adversaries.behaviour import Behaviour
from nodes.adversaries.learning.adaptive import Adaptive
from nodes.identity import Role
from nodes.parameters import ParameterError, Parameters, did_you_mean
from simnet.plugins import behaviours
from simnet.scenario.kinds import BEHAVIOUR, describe
from simnet.scenario.network import Name


class Adversary(Parameters):
    """A behaviour and who shows it.

    In the file the behaviour's own parameters stand beside the keys below.
    """

    behaviour: Annotated[Behaviour, BEHAVIOUR]
    role: Role = Field(description="whose behaviour it is; the behaviour's own role if not given")
    count: NodeCount | None = Field(default=None, description="how many, drawn by the seed; default one")
    nodes: tuple[Name, ...] | None = Field(default=None, min_length=1, description="which ones, instead of a count")
    probability: Share = Field(default=1.0, description="share of the tasks on which it acts")
    from_: Duration = Field(default=0.0, alias="from", description="when it begins")
    until: Duration | None = Field(default=None, description="when it ends; with the run if not given")
    adaptive: Adaptive | None = Field(default=None, description="how slashes and impunity change how often it acts")
    cartel: str = Field(default="", max_length=80, description="whose accomplices its dishonest inference nodes are")
    label: str = Field(default="", max_length=80, description="what reports call it")

    @classmethod
    def known_keys(cls, value: Any) -> tuple[str, ...]:
        """The keys of every adversary, and those of the behaviour that `value` names."""
        kind = value.get("behaviour") if isinstance(value, dict) else None
        member = behaviours().get(kind) if isinstance(kind, str) else None
        return (*cls.own_keys(), *(member.own_keys() if member else ()))

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """One alternative for each behaviour, with its parameters beside the shared ones."""
        shared = super().__get_pydantic_json_schema__(schema, handler)
        shared["properties"].pop("behaviour")
        described = {}
        for kind, member in behaviours().items():
            described[kind] = describe(member, "behaviour", handler)
            described[kind]["properties"].update(shared["properties"])
        return {"oneOf": list(described.values())}

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, value: Any) -> Any:
        """Put the behaviour's own parameters into a mapping of their own, and fill in its role."""
        if not isinstance(value, dict) or isinstance(value.get("behaviour"), Parameters):
            return value
        if "behaviour" not in value:
            raise ParameterError("key 'behaviour' is missing", did_you_mean("", behaviours()))
        kind = value["behaviour"]
        member = behaviours().get(kind) if isinstance(kind, str) else None
        own = member.own_keys() if member else [key for key in value if key not in cls.own_keys()]
        for key in member.own_keys() if member else ():
            if key in cls.own_keys():
                raise ParameterError(
                    f"'{kind}' has a parameter '{key}', as every adversary has", "rename it in its class"
                )
        shared = {key: part for key, part in value.items() if key not in own}
        shared["behaviour"] = {"kind": kind, **{key: value[key] for key in own if key in value}}
        shared.setdefault("role", member.role if member else Role.INFERENCE)
        if "nodes" not in value:
            shared.setdefault("count", 1)
        return shared

    @model_serializer(mode="wrap")
    def _spread(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Put the behaviour's own parameters beside the others again."""
        shared = handler(self)
        own = shared.pop("behaviour")
        return {"behaviour": own.pop("kind"), **shared, **own}
