"""Scenario section ``truth``: a published statement, and how the run is held against it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from nodes.parameters import ParameterError, Parameters, did_you_mean


def known_formula(name: str) -> str:
    """`name`, if there is such a formula."""
    from simnet.theory.formulas import FORMULAS

    if name not in FORMULAS:
        raise ParameterError(f"unknown formula '{name}'", did_you_mean(name, FORMULAS))
    return name


def known_observation(name: str) -> str:
    """`name`, if there is such an observation."""
    from simnet.studies.truth.observations import OBSERVATIONS

    if name not in OBSERVATIONS:
        raise ParameterError(f"unknown observation '{name}'", did_you_mean(name, OBSERVATIONS))
    return name


class Check(Parameters):
    """One number of the statement."""

    formula: Annotated[str, AfterValidator(known_formula)] = Field(description="closed form of simnet.theory")
    with_: dict[str, int | float] = Field(default={}, alias="with", description="the formula's arguments")
    published: str | None = Field(
        default=None,
        pattern=r"^<?\d+(\.\d+)?(e-?\d+)?$",
        description="as printed; the formula must give its digits, or stay below it if it begins with <",
    )
    observe: Annotated[str, AfterValidator(known_observation)] = Field(description="what of the run to compare")
    using: dict[str, int | float] = Field(default={}, description="the observation's arguments")


class Truth(Parameters):
    """A statement from the literature."""

    id: str = Field(pattern=r"^GT-\d+[a-z]?$", description="number in docs/truth.md")
    statement: str = Field(description="what is claimed, in a sentence")
    source: str = Field(description="paper, repository and path")
    known: str = Field(description="how well the source is known: read, abstract only, second-hand, derived")
    modelled: str = Field(default="", description="what of it is computed from the log, and done by no participant")
    checks: tuple[Check, ...] = Field(min_length=1)
