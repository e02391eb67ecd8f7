"""Scenario section ``indifference``: the value of a quantity at which rational participants switch actions."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from nodes.adversaries.learning.experience import Bandit
from nodes.parameters import ParameterError, Parameters, did_you_mean
from simnet.plugins import behaviours
from simnet.scenario.truth import known_formula


def known_bandit(name: str) -> str:
    """`name`, if there is a behaviour of that name that learns what pays."""
    bandits = [kind for kind, behaviour in behaviours().items() if issubclass(behaviour, Bandit)]
    if name not in bandits:
        raise ParameterError(f"'{name}' is no behaviour that learns what pays", did_you_mean(name, bandits))
    return name


class Indifference(Parameters):
    """A statement about the value at which the best response of rational participants switches."""

    id: str = Field(
        pattern=r"^\S(.*\S)?$", description="what it is called; the project's own are in docs/equilibria.md"
    )
    statement: str = Field(description="what is claimed, in a sentence")
    source: str = Field(description="paper, repository and path")
    known: str = Field(description="how well the source is known: read, abstract only, second-hand, derived")
    vary: str = Field(description="path of the quantity in the scenario, such as strategy.probability")
    unit: str = Field(default="", description="what it is written with, such as OPG; nothing for shares")
    between: tuple[float, float] = Field(description="where to look for the indifference threshold, in that unit")
    who: Annotated[str, AfterValidator(known_bandit)] = Field(description="behaviour of those whose choices count")
    about: str = Field(default="", description="the kind of decision, for behaviours that learn several apart")
    turns_to: str = Field(description="the action that is preferred above the indifference threshold")
    formula: Annotated[str, AfterValidator(known_formula)] = Field(description="closed form of simnet.theory")
    with_: dict[str, int | float] = Field(default={}, alias="with", description="the formula's arguments")

    @model_validator(mode="after")
    def _in_order(self) -> Indifference:
        """A range from something above zero to something larger, for it is searched by factors."""
        low, high = self.between
        if not 0 < low < high:
            raise ParameterError("not a range of positive values", "expected such as between: [0.01, 0.5]")
        return self

    def setting(self, value: float) -> str:
        """The assignment that gives the quantity a value, as `--set` takes it."""
        return f"{self.vary}={value:.12f} {self.unit}".rstrip()
