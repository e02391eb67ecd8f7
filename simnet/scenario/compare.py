"""Scenario section ``compare``: which strategies `simnet compare` puts side by side, and over which seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import (
    Field,
    PlainSerializer,
    PlainValidator,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic.annotated_handlers import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from nodes.parameters import ParameterError, Parameters, UnknownKey
from simnet.comparators.comparator import Comparator
from simnet.plugins import strategies
from simnet.scenario.kinds import COMPARATOR, STRATEGY, describe
from simnet.strategies.strategy import Strategy

MAX_SEEDS = 10_000

_SEEDS = "expected how many, such as 5, or which, such as [3, 7, 9]"


def read_seeds(value: Any) -> int | tuple[int, ...]:
    """How many seeds, or which. Raises `ParameterError`."""
    several = isinstance(value, list | tuple)
    listed: Sequence[Any] = value if several else [value]
    if not all(isinstance(seed, int) and not isinstance(seed, bool) for seed in listed):
        raise ParameterError("not a number of seeds, nor a list of them", _SEEDS)
    if several:
        if not 1 <= len(listed) <= MAX_SEEDS or not all(0 <= seed < 2**63 for seed in listed):
            raise ParameterError(f"seeds are between 0 and 2^63 - 1, and there are 1 to {MAX_SEEDS:,} of them", _SEEDS)
        if len(frozenset(listed)) < len(listed):
            raise ParameterError("a seed is named twice", "each run would be counted twice")
        return tuple(listed)
    if not 1 <= value <= MAX_SEEDS:
        raise ParameterError(f"the number of seeds is between 1 and {MAX_SEEDS:,}", _SEEDS)
    return int(value)


_ONE_OR_LIST = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "array", "items": {"type": "integer"}}]}
Seeds = Annotated[
    int | tuple[int, ...],
    PlainValidator(read_seeds),
    PlainSerializer(lambda seeds: seeds if isinstance(seeds, int) else list(seeds)),
    WithJsonSchema(_ONE_OR_LIST),
]


class Contender(Parameters):
    """A strategy to compare: its kind, or a mapping with its parameters, a comparator and a label.

    A bare kind that is the scenario's own strategy means it with the scenario's parameters.
    """

    strategy: Annotated[Strategy, STRATEGY]
    comparator: Annotated[Comparator, COMPARATOR] | None = Field(
        default=None, description="how two outputs are judged equal; as in the scenario if not given"
    )
    label: str = Field(default="", max_length=40, description="what tables and plots call it; made up if not given")

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, value: Any) -> Any:
        """Put the strategy's own parameters into a mapping of their own."""
        if isinstance(value, str):
            return {"strategy": value}
        if not isinstance(value, dict) or isinstance(value.get("strategy"), Parameters):
            return value
        if "strategy" in value:
            raise UnknownKey("unknown key 'strategy'", "write its name as kind: …")
        shared = {key: value[key] for key in ("comparator", "label") if key in value}
        return {"strategy": {key: part for key, part in value.items() if key not in shared}, **shared}

    @model_serializer(mode="wrap")
    def _spread(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Put the strategy's parameters beside the others again."""
        described = handler(self)
        shared = {key: described[key] for key in ("comparator", "label") if described[key]}
        return {**described["strategy"], **shared}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """One alternative for each strategy, with the shared keys beside its own."""
        shared = super().__get_pydantic_json_schema__(schema, handler)["properties"]
        shared.pop("strategy")
        alternatives = [describe(member, "kind", handler) for member in strategies().values()]
        for alternative in alternatives:
            alternative["properties"].update(shared)
        return {"oneOf": [{"enum": list(strategies())}, *alternatives]}

    def strategy_beside(self, own: Strategy) -> Strategy:
        """The strategy, in a scenario that has its `own`: a bare name means that one, if it is of that kind."""
        is_bare = not self.strategy.model_fields_set and self.comparator is None
        return own if is_bare and self.strategy.kind == own.kind else self.strategy

    @property
    def described(self) -> str:
        """The kind with what was set, such as ``committee(size=3)``."""
        own = self.strategy.model_dump(mode="json", by_alias=True, include=set(self.strategy.model_fields_set))
        parts = [f"{key}={value}" for key, value in own.items()]
        if self.comparator is not None:
            parts.append(self.comparator.kind)
        return f"{self.strategy.kind}({', '.join(parts)})" if parts else self.strategy.kind


class Compare(Parameters):
    """What `simnet compare` runs, and `simnet check` if that is asked for; `simnet run` does not look at it."""

    strategies: tuple[Contender, ...] = Field(default=(), max_length=100, description="by kind, or with parameters")
    check: bool = Field(
        default=False, description="whether `simnet check` runs each of them, by the scenario's own expectations"
    )
    seeds: Seeds = Field(default=3, description="how many, counting up from the scenario's own, or which")

    def labels(self) -> tuple[str, ...]:
        """What each strategy is called: its label, or its kind, with its parameters where that is needed."""
        plain = [one.label or one.strategy.kind for one in self.strategies]
        return tuple(
            one.described if not one.label and plain.count(name) > 1 else name
            for one, name in zip(self.strategies, plain, strict=True)
        )

    def seeds_from(self, first: int) -> tuple[int, ...]:
        """Every seed; a number of them counts up from `first`."""
        return self.seeds if isinstance(self.seeds, tuple) else tuple(range(first, first + self.seeds))
